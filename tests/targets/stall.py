"""What shop.py is, without Flask: every answer stays in its cache. Run under gunicorn as stall:app. Any Python from 2.7 on."""
cache = {}


def remember(key):
    cache[key] = 'v' * 20000 + key
    return cache[key]


def app(environ, start_response):
    words = remember(environ['PATH_INFO'])[:20].encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(words)))])
    return [words]
