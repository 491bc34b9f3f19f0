/** The architectures that a recipe may name, as OCI calls them: those of Debian. */
export const ARCHITECTURES: readonly ["amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64"] = [
  "amd64",
  "arm64",
  "arm",
  "386",
  "ppc64le",
  "s390x",
  "riscv64",
];
