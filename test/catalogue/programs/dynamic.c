/* The C library, its loader and its name service. */
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  struct passwd *user = getpwuid(getuid());
  struct servent *service = getservbyname("https", "tcp");
  printf("dynamic %s\n", user != NULL && service != NULL ? user->pw_name : "?");
  return 0;
}
