/* A static program: no loader, no library, but time zones. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  time_t now = time(NULL);
  printf("static %d %s\n", (int)getuid(), localtime(&now)->tm_zone);
  return 0;
}
