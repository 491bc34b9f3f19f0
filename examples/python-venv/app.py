import sys

from flask import Flask, jsonify
from markupsafe import _speedups

app = Flask(__name__)


@app.get("/")
def index():
    return jsonify(python=sys.version_info[:2], speedups=_speedups.__file__.endswith(".so"))


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        print(app.test_client().get("/").get_data(as_text=True).strip())
    else:
        app.run(host="0.0.0.0", port=8000)
