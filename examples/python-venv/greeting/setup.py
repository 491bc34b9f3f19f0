from setuptools import Extension, setup

setup(ext_modules=[Extension("greeting._count", ["src/greeting/count.c"])])
