/** The kinds of findings of "It will run". */
import { type KindTable, kindTable } from "../../finding-kinds.ts";
import type { FindingKind } from "../../types.ts";

/** What can be found. */
export type RunId =
  | "command-missing"
  | "program-missing"
  | "program-not-executable"
  | "program-format"
  | "shell-form-without-shell"
  | "script-interpreter-missing"
  | "script-carriage-return"
  | "script-line"
  | "elf-wrong-architecture"
  | "elf-interpreter-missing"
  | "elf-missing-library"
  | "elf-missing-version"
  | "elf-damaged"
  | "file-not-readable"
  | "package-file-missing"
  | "preload-missing"
  | "dangling-link"
  | "node-main-missing"
  | "node-module-missing"
  | "node-module-kind"
  | "node-not-examined"
  | "platform-not-examined"
  | "python-main-missing"
  | "python-venv-broken"
  | "python-module-missing"
  | "python-library-missing"
  | "python-import-fails"
  | "java-file-missing"
  | "java-main-class-missing"
  | "java-agent-unusable"
  | "java-option-unknown"
  | "java-module-missing"
  | "java-class-missing"
  | "java-library-missing"
  | "java-class-path-missing"
  | "java-class-version"
  | "java-runtime-incomplete";

/** The table. */
export const RUN: KindTable<RunId> = kindTable("run", {
  "program-missing": ["error", "The program that the image starts is missing"],
  "program-not-executable": ["error", "The user may not execute the program that the image starts"],
  "program-format": ["error", "The file that the image starts is not a program"],
  "shell-form-without-shell": ["error", "A command is in shell form, and the image has no shell"],
  "script-interpreter-missing": ["error", "The interpreter of a script is missing"],
  "script-carriage-return": ["error", "A script has Windows line ends"],
  "script-line": ["error", "The kernel cannot use the first line of a script"],
  "elf-wrong-architecture": ["error", "A program or library is for another architecture"],
  "elf-interpreter-missing": ["error", "The loader of a program is missing"],
  "elf-missing-library": ["error", "A library that a program needs is missing"],
  "elf-missing-version": ["error", "A library is too old for what needs it"],
  "elf-damaged": ["error", "A program or library is damaged"],
  "file-not-readable": ["error", "The user may not read a file that the program needs"],
  "node-main-missing": ["error", "The main module of a Node.js program is missing"],
  "node-module-missing": ["error", "A module that a Node.js program imports is missing"],
  "node-module-kind": ["error", "A module of a Node.js program is not of the kind that its package.json says"],
  "python-main-missing": ["error", "The main file or module of a Python program is missing"],
  "python-venv-broken": ["error", "The interpreter of a Python virtual environment is missing"],
  "python-library-missing": ["error", "The standard library of a Python program is missing"],
  "python-import-fails": ["error", "A Python program imports what a module does not have"],
  "python-module-missing": ["error", "A module that a Python program imports is missing"],
  "java-runtime-incomplete": ["error", "Parts of the Java runtime are missing"],
  "java-file-missing": ["error", "A jar or class path of a Java program is missing"],
  "java-main-class-missing": ["error", "The main class of a Java program is missing"],
  "java-class-version": ["error", "The main class of a Java program is for a newer Java"],
  "java-agent-unusable": ["error", "An agent of a Java program cannot be loaded"],
  "java-option-unknown": ["error", "Java does not know an option that it is started with"],
  "java-module-missing": ["error", "A module of a Java program is missing"],
  "java-class-missing": ["error", "A class that a Java program needs is missing"],
  "java-library-missing": ["error", "A native library that a Java program loads is missing"],
  "java-class-path-missing": ["warning", "A jar that another jar's manifest names is missing"],
  "package-file-missing": ["warning", "The image lacks code of an installed package"],
  "preload-missing": ["warning", "A library of LD_PRELOAD is missing"],
  "dangling-link": ["warning", "A link leads nowhere"],
  "command-missing": ["note", "The image has neither ENTRYPOINT nor CMD"],
  "platform-not-examined": ["note", "Decant does not know programs of the image's platform"],
  "node-not-examined": ["note", "The audit did not examine some modules of a Node.js program"],
});

/** In the order of docs/audit.md. */
export const RUN_FINDINGS: readonly FindingKind[] = RUN.kinds;

/** What is not certain to happen is a warning at most. */
export function unlessCertain({ certain }: { readonly certain: boolean }): { readonly severity?: "warning" } {
  return certain ? {} : { severity: "warning" };
}
