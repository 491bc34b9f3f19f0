#include <stdio.h>
#include <unistd.h>

int main(void) {
    printf("static, as user %u\n", getuid());
    return 0;
}
