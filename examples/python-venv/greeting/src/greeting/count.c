#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

static PyObject *vowels(PyObject *self, PyObject *args) {
    (void)self;
    const char *text;
    if (!PyArg_ParseTuple(args, "s", &text)) return NULL;
    long count = 0;
    for (; *text != '\0'; text++) count += strchr("aeiouAEIOU", *text) != NULL;
    return PyLong_FromLong(count);
}

static PyMethodDef methods[] = {{"vowels", vowels, METH_VARARGS, "Counts the vowels of a text."}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_count", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__count(void) { return PyModule_Create(&module); }
