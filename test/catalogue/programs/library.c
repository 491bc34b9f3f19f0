/* A library of the user's own. */
int answer(void) { return 42; }
