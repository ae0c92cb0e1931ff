"""A shop that never forgets: every answer stays in its cache. Run under gunicorn as shop:app."""
from flask import Flask

app = Flask(__name__)
cache = {}


def remember(key):
    cache[key] = 'v' * 20000 + key
    return cache[key]


@app.route('/item/<name>')
def item(name):
    return remember(name)[:20]
