/** Names of Python's standard library (sys.stdlib_module_names of 3.11 to 3.14, without those of C that have a leading "_"): nothing else brings them, so when they are in no directory they are missing. */
export const PYTHON_STANDARD_LIBRARY: ReadonlySet<string> = new Set(
  (
    "abc annotationlib antigravity argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 cProfile calendar cmath " +
    "cmd code codecs codeop collections colorsys compileall compression concurrent configparser contextlib contextvars copy copyreg csv " +
    "ctypes curses dataclasses datetime dbm decimal difflib dis doctest email encodings ensurepip enum errno faulthandler fcntl filecmp " +
    "fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html " +
    "http idlelib imaplib importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math " +
    "mimetypes mmap modulefinder msvcrt multiprocessing netrc nt ntpath nturl2path numbers opcode operator optparse os pathlib pdb " +
    "pickle pickletools pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc " +
    "pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex " +
    "shutil signal site smtplib socket socketserver sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep " +
    "struct subprocess symtable sys sysconfig syslog tabnanny tarfile tempfile termios textwrap this threading time timeit tkinter " +
    "token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib uuid venv " +
    "warnings wave weakref webbrowser winreg winsound wsgiref xml xmlrpc zipapp zipfile zipimport zlib zoneinfo " +
    "__future__ _collections_abc _colorize _compat_pickle _compression _markupbase _opcode_metadata _py_abc _pydatetime _pydecimal _pyio _pylong " +
    "_sitebuiltins _strptime _threading_local _weakrefset"
  ).split(" "),
);

/** Names that are new in a minor version of Python 3. */
const NEW_IN: ReadonlyMap<string, number> = new Map([
  ["annotationlib", 14],
  ["compression", 14],
  ["_colorize", 13],
  ["_opcode_metadata", 13],
  ["_pydatetime", 12],
  ["_pylong", 12],
]);

/** Has the standard library of this version ("3.13") such a module? Where the version is not known: of any. */
export function isStandardName(name: string, version: string | undefined): boolean {
  const minor = Number(/^3\.(\d+)$/.exec(version ?? "")?.[1] ?? Infinity);
  return PYTHON_STANDARD_LIBRARY.has(name) && minor >= (NEW_IN.get(name) ?? 0);
}
