/* Finds OpenSSL by its soname, as the loader does. */
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
  void *library = dlopen("libssl.so.3", RTLD_NOW);
  const char *(*version)(int) = library == NULL ? NULL : (const char *(*)(int))dlsym(library, "OpenSSL_version");
  printf("%s\n", version == NULL ? dlerror() : version(0));
  return 0;
}
