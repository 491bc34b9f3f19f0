/** Python programs: what people start, with modules of Debian's packages. */
import type { Program } from "./types.ts";

/** Debian packages that the programs need, on top of python3-debian13. */
export const PYTHON_PACKAGES: readonly string[] = (
  "ansible-core gunicorn python3-aiohttp python3-attr python3-babel python3-bcrypt python3-bottle python3-brotli python3-cffi-backend python3-click " +
  "python3-cryptography python3-dateutil python3-django python3-dnspython python3-docutils python3-fastapi python3-flask python3-gevent python3-httpx " +
  "python3-jinja2 python3-jwt python3-ldap python3-levenshtein python3-lxml python3-mako python3-markdown python3-msgpack python3-mysqldb python3-nacl " +
  "python3-numpy python3-paramiko python3-pil python3-protobuf python3-psutil python3-psycopg2 python3-pydantic python3-pygments python3-redis " +
  "python3-regex python3-requests python3-rich python3-setproctitle python3-simplejson python3-sqlalchemy python3-tk python3-tornado python3-ujson " +
  "python3-uvicorn python3-websockets python3-yaml python3-zmq python3-zstandard openssl-provider-legacy"
)
  .split(" ")
  .toSorted();

const PYTHON = "/usr/bin/python3";

function program(name: string, source: string, more: Partial<Program> = {}): Program {
  return {
    kind: "python",
    name: `python ${name}`,
    files: { "app/main.py": `${source}\nprint("ok")\n` },
    args: [PYTHON, "/app/main.py"],
    ...more,
  };
}

/** A main file that does nothing but import. */
function imports(...names: readonly string[]): readonly Program[] {
  return names.map((name) => program(name, `import ${name}`));
}

const PACKAGE = {
  "app/web/__init__.py": "",
  "app/web/__main__.py": "from .models import User\nfrom web.views import show\nprint(show(User()))\n",
  "app/web/models.py": "import dataclasses\nimport yaml\n\n@dataclasses.dataclass\nclass User:\n    name: str = 'ok'\n",
  "app/web/views.py":
    "from typing import TYPE_CHECKING\nimport jinja2\nif TYPE_CHECKING:\n    import nothing\ntry:\n    import orjson as json\nexcept ImportError:\n    import json\n\ndef show(user):\n    return json.dumps(user.name)\n",
  "app/main.py": "import web.models\nfrom web import views\nprint(views.show(web.models.User()))\n",
  "app/tool.py":
    "import argparse, logging.handlers\nfrom concurrent.futures import ThreadPoolExecutor\nfrom email.mime.text import MIMEText\nprint('ok')\n",
};

/** All of them. */
export const PYTHON_PROGRAMS: readonly Program[] = [
  ...imports(
    "flask",
    "django",
    "requests",
    "yaml",
    "numpy",
    "PIL.Image",
    "lxml.etree",
    "psycopg2",
    "aiohttp",
    "fastapi",
    "jinja2",
    "sqlalchemy",
    "click",
  ),
  ...imports(
    "redis",
    "msgpack",
    "zmq",
    "tornado.web",
    "markdown",
    "dateutil.parser",
    "httpx",
    "pydantic",
    "simplejson",
    "ujson",
    "gevent",
    "bcrypt",
  ),
  ...imports(
    "nacl.secret",
    "psutil",
    "google.protobuf.message",
    "regex",
    "docutils.core",
    "pygments",
    "rich.console",
    "ldap",
    "MySQLdb",
    "brotli",
  ),
  ...imports(
    "bottle",
    "mako.template",
    "babel",
    "attr",
    "websockets",
    "dns.resolver",
    "zstandard",
    "setproctitle",
    "Levenshtein",
    "tkinter",
  ),
  ...imports("cryptography.fernet", "paramiko", "jwt", "ssl, sqlite3, ctypes, curses, readline, uuid, lzma, bz2, decimal, dbm.ndbm"),
  program(
    "asyncio and multiprocessing",
    "import asyncio, multiprocessing, xml.dom.minidom, zoneinfo, unittest\nasyncio.run(asyncio.sleep(0))",
  ),
  { kind: "python", name: "python own package", files: PACKAGE, args: [PYTHON, "main.py"] },
  { kind: "python", name: "python -m own package", files: PACKAGE, args: [PYTHON, "-m", "web"] },
  { kind: "python", name: "python a tool with the standard library", files: PACKAGE, args: [PYTHON, "-I", "/app/tool.py"] },
  {
    kind: "python",
    name: "python gunicorn",
    files: { "app/main.py": "from flask import Flask\napp = Flask(__name__)\n" },
    args: [PYTHON, "-m", "gunicorn.app.wsgiapp", "--check-config", "main:app"],
  },
  {
    kind: "python",
    name: "python uvicorn",
    files: {
      "app/serve.py":
        "import fastapi\nimport os, threading, time\napp = fastapi.FastAPI()\nthreading.Timer(1, lambda: os._exit(0)).start()\n",
    },
    args: [PYTHON, "-m", "uvicorn", "serve:app", "--uds", "/tmp/socket"],
  },
  { kind: "python", name: "python flask --version", files: {}, args: [PYTHON, "-m", "flask", "--version"] },
  { kind: "python", name: "python django-admin", files: {}, args: [PYTHON, "-m", "django", "--version"] },
  { kind: "python", name: "python ansible", files: {}, args: ["/usr/bin/ansible", "--version"] },
  { kind: "python", name: "python -m http.server --help", files: {}, args: [PYTHON, "-m", "http.server", "--help"] },
  { kind: "python", name: "python -m json.tool --help", files: {}, args: [PYTHON, "-m", "json.tool", "--help"] },
  {
    kind: "python",
    name: "python pip-like zip",
    files: { "app/main.py": "import zipapp, zipimport, tomllib, wsgiref.simple_server\nprint('ok')\n" },
    args: [PYTHON, "-P", "main.py"],
  },
];
