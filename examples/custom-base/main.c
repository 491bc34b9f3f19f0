#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

/* Says which libpq the base has, and how many authorities it trusts: Debian's and the company's. */
int main(void) {
    FILE *bundle = fopen("/etc/ssl/certs/ca-certificates.crt", "r");
    if (bundle == NULL) return 1;
    char line[256];
    int certificates = 0;
    while (fgets(line, sizeof line, bundle) != NULL) certificates += strstr(line, "BEGIN CERTIFICATE") != NULL;
    fclose(bundle);
    printf("libpq %d, certificates: %d\n", PQlibVersion() / 10000, certificates);
    return 0;
}
