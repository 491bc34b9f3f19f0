/** Python programs: what is found where something is missing. */
import { addon, BASE, program, at, PYTHON, run, testBroken, testWhole } from "../../../../test/support/broken-images.ts";

testBroken("Python program", [
  {
    name: "a script of a virtual environment that was moved",
    tree: { ...PYTHON, "app/venv/bin/gunicorn": "file 755 0:0 #!/build/venv/bin/python3\n" },
    config: run("/app/venv/bin/gunicorn"),
    want: "error script-interpreter-missing /app/venv/bin/gunicorn",
    message: /its interpreter "\/build\/venv\/bin\/python3" is not in the image/,
    remedy: /A virtual environment cannot be moved.*"-m", "gunicorn"/,
  },
  {
    name: "a Python main file that is missing",
    tree: { ...PYTHON, "app/main.py": "file" },
    config: at("/app", "python3", "-u", "app.py"),
    want: "error python-main-missing /app/app.py",
    message: /there is no "\/app\/app.py"/,
    remedy: /Copy/,
  },
  {
    name: "a Python module that is missing",
    tree: { ...PYTHON, "app/main.py": "file" },
    config: at("/app", "python3", "-m", "gunicorn", "main:app"),
    want: "error python-main-missing undefined",
    message: /no "gunicorn" in "\/app", "\/usr\/lib\/python3.11"/,
    remedy: /Install it into the image/,
  },
  {
    name: "an import that Python does not find",
    tree: {
      ...PYTHON,
      "app/main.py": 'file 644 0:0 """\nimport nothing\n"""\nimport os, flask\nfrom helpers import x\n',
      "app/helpers.py": "file",
    },
    config: at("/app", "python3", "main.py"),
    want: "warning python-module-missing /app/main.py",
    message: /imports "flask"/,
    remedy: /Install it for the Python of the image/,
  },
  {
    name: "a virtual environment for a Python that is elsewhere",
    tree: {
      ...PYTHON,
      "app/venv/pyvenv.cfg": "file 644 0:0 home = /usr/local/bin\nversion = 3.11.4\n",
      "app/venv/bin/python": "link /usr/bin/python3",
      "app/main.py": "file",
    },
    config: at("/app", "/app/venv/bin/python", "main.py"),
    want: "error python-venv-broken /app/venv/pyvenv.cfg",
    message: /made for the Python in "\/usr\/local\/bin", which is not in the image/,
    remedy: /same path and version/,
  },
  {
    name: "a virtual environment for another version",
    tree: {
      ...PYTHON,
      "app/venv/pyvenv.cfg": "file 644 0:0 home = /usr/bin\nversion = 3.13.1\n",
      "app/venv/bin/python": "link /usr/bin/python3",
      "app/main.py": "file",
    },
    config: at("/app", "/app/venv/bin/python", "main.py"),
    want: "error python-venv-broken /app/venv/pyvenv.cfg",
    message: /made for Python 3.13, and "\/app\/venv\/bin\/python" is Python 3.11/,
    remedy: /same path and version/,
  },
  {
    name: "an interpreter without its library",
    tree: { ...BASE, "usr/local/bin/python3.13": program(), "usr/local/bin/python": "link python3.13", "app/main.py": "file" },
    config: at("/app", "/usr/local/bin/python", "main.py"),
    want: "error python-library-missing /usr/local/lib/python3.13",
    message: /its standard library is not in "\/usr\/local\/lib\/python3.13"$/,
    remedy: /^Copy the library with the interpreter/,
  },
  {
    name: "a server whose application is not in the image",
    tree: {
      ...PYTHON,
      "usr/bin/gunicorn": "file 755 0:0 #!/usr/bin/python3\nfrom gunicorn.app import run\n",
      "usr/lib/python3/dist-packages/gunicorn/app.py": "file",
      "app/web.py": "file",
    },
    config: at("/app", "gunicorn", "-w", "4", "main:app"),
    want: "error python-main-missing undefined",
    message: /^"\/usr\/bin\/gunicorn" is to load the module "main", which is in none of "\/app"/,
    remedy: /^Copy it into the image/,
  },
  {
    name: "a script whose packages were not copied",
    tree: { ...PYTHON, "usr/bin/flask": "file 755 0:0 #!/usr/bin/python3\nimport sys\nfrom flask.cli import main\n" },
    config: at("/app", "flask", "run"),
    want: "warning python-module-missing /usr/bin/flask",
    message: /imports "flask"/,
    remedy: /Install it/,
  },
]);

testWhole([
  [
    "a Python program with a virtual environment, an extension module and a namespace package",
    {
      ...PYTHON,
      "app/venv/pyvenv.cfg": "file 644 0:0 home = /usr/bin\nversion = 3.11.2\n",
      "app/venv/bin/python": "link /usr/bin/python3",
      "app/venv/lib/python3.11/site-packages/fast.cpython-311-x86_64-linux-gnu.so": addon(),
      "app/venv/lib/python3.11/site-packages/google/api/x.py": "file",
      "app/main.py": "file 644 0:0 import fast, google.api\nif True:\n    import nothing\n",
    },
    at("/app", "/app/venv/bin/python", "main.py"),
  ],
]);
