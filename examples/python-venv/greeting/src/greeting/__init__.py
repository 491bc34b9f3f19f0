from greeting._count import vowels


def greet(name):
    return f"Hello, {name}: {vowels(name)} vowels"
