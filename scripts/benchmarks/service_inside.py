"""A wsgi service in one process: wsgiref with a thread per request, json in and out, a cache. 3.7 and later.

Writes its port, then serves until it is ended.
"""
import json
import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

cache = {}


def app(environ, start_response):
    number = int(environ['QUERY_STRING'] or 0)
    rows = cache.get(number % 512)
    if rows is None:
        rows = cache[number % 512] = [{'id': i, 'name': 'name %d' % i, 'score': i * 0.5} for i in range(60)]
    body = json.dumps({'number': number, 'rows': json.loads(json.dumps(rows))}).encode()
    start_response('200 OK', [('Content-Type', 'application/json'), ('Content-Length', str(len(body)))])
    return [body]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


server = make_server('127.0.0.1', 0, app, Server, Handler)
sys.stdout.write('%d\n' % server.server_port)
sys.stdout.flush()
server.serve_forever()
