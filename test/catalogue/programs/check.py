"""Imports the whole library but what the arguments name, and looks for certificates, libraries and encodings."""

import ctypes.util
import getpass
import importlib
import ssl
import sys

absent = []
for name in sorted(sys.stdlib_module_names - {"antigravity", "this"}):
    try:
        importlib.import_module(name)
    except Exception:
        absent.append(name)
missing = [name for name in absent if name not in sys.argv[1:]]
count = len(ssl.create_default_context().get_ca_certs())
print(
    f"python {sys.version_info.major}.{sys.version_info.minor}, {getpass.getuser()}, missing: {' '.join(missing) or 'none'}, "
    f"authorities: {'over 100' if count > 100 else count}, {ctypes.util.find_library('ssl')}, Größe"
)
