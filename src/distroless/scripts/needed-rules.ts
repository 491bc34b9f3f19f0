/** Commands that make what a package does not work without, where nothing of Decant makes it: the base has it, or is told to need it. Pure. */
import type { Rule } from "./effect-rule.ts";

/** A cache or registry without which what is in `directory` is not found. */
const neededFor =
  (directory: string, name: RegExp, made: string, text: string): Rule["judge"] =>
  (_, { hasFile, hasPath }) => {
    if (hasFile(directory, name) === false) return ["not needed", "the base has nothing for it"];
    if (made.startsWith("/") ? hasPath(made) : hasFile(directory, new RegExp(`^${made}$`))) return ["native", "the base has it"];
    return ["needed", text];
  };

/** Configuration that only the recipe can bring, and without which nothing works. */
const whenBrought =
  (path: string, text: string): Rule["judge"] =>
  (_, { hasPath }) =>
    hasPath(path) ? ["native", "the base has it"] : ["needed", text];

/** A part of the table of all rules, in its order. */
export const NEEDED_RULES: readonly Rule[] = [
  {
    effect: "schemas",
    test: /^glib-compile-schemas\b/,
    judge: neededFor(
      "/usr/share/glib-2.0/schemas",
      /\.gschema\.xml$/,
      "/usr/share/glib-2.0/schemas/gschemas.compiled",
      "programs that read settings by GSettings end at once: make gschemas.compiled in a build stage, and COPY it",
    ),
  },
  {
    effect: "media types",
    test: /^update-mime-database\b/,
    judge: neededFor(
      "/usr/share/mime/packages",
      /\.xml$/,
      "/usr/share/mime/mime.cache",
      "programs that tell file types by GIO, as gdk-pixbuf does, know none: run update-mime-database in a build stage, and COPY /usr/share/mime",
    ),
  },
  {
    effect: "image loaders",
    test: /^gdk-pixbuf-query-loaders\b/,
    judge: neededFor(
      "/usr/lib",
      /^libpixbufloader[-_].*\.so$/,
      "loaders\\.cache",
      "gdk-pixbuf reads only PNG and JPEG: run gdk-pixbuf-query-loaders --update-cache in a build stage, and COPY loaders.cache",
    ),
  },
  {
    effect: "plugins",
    test: /^(?:libgvc6-config-update|dot) -c\b/,
    judge: neededFor(
      "/usr/lib",
      /^libgvplugin_.*\.so/,
      "config6a",
      "dot knows no format: run dot -c in a build stage, and COPY /usr/lib/*/graphviz/config6a",
    ),
  },
  {
    effect: "dictionaries",
    test: /^update-cracklib\b/,
    judge: neededFor(
      "/usr/share/dict",
      /^cracklib-small$/,
      "/var/cache/cracklib/cracklib_dict.pwd",
      "checks of passwords end at once: run update-cracklib in a build stage, and COPY /var/cache/cracklib",
    ),
  },
  {
    effect: "dictionaries",
    test: /^aspell-autobuildhash\b/,
    // The packages of words have empty files in the place of the dictionaries.
    judge: (_, { hasFile }) =>
      hasFile("/var/lib/aspell", /\.rws$/)
        ? ["needed", "aspell knows no word: run aspell-autobuildhash in a build stage, and COPY /var/lib/aspell"]
        : ["not needed", "the base has nothing for it"],
  },
  {
    effect: "drivers",
    test: /^odbcinst (?:.* )?-i (?:.* )?-d\b/,
    judge: whenBrought("/etc/odbcinst.ini", "unixODBC finds no driver: bring the text of the file by the recipe, as /etc/odbcinst.ini"),
  },
  {
    effect: "logins",
    test: /^pam-auth-update\b/,
    judge: whenBrought("/etc/pam.d/common-auth", "PAM lets nobody in: bring /etc/pam.d/common-* by the recipe"),
  },
];
