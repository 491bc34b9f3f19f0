/** What a recipe file may have, field by field. recipes/recipe.schema.json is made of it (scripts/make-recipe-schema.ts). */
import * as v from "valibot";
import { ARCHITECTURES } from "./architectures.ts";
import { parseDuration, parsePort, parseStopSignal } from "../dockerfile/index.ts";
import { isDecantError } from "../errors.ts";
import { probeTarget } from "./probe/target.ts";
import type { CertificatesDocument, RecipeDocument } from "./recipe.ts";

const text = (pattern: RegExp, wanted: string): v.GenericSchema<string, string> =>
  v.pipe(v.string(`wanted ${wanted}`), v.regex(pattern, `wanted ${wanted}`));
const list = <Item extends v.GenericSchema>(item: Item, wanted: string): v.ArraySchema<Item, string> => v.array(item, `wanted ${wanted}`);
const packageName = text(/^[a-z0-9][a-z0-9+.-]+$/, "the name of a Debian package");
const wantedPackage = text(
  /^[a-z0-9][a-z0-9+.-]+(?: ?\((?:<<|<=|=|>=|>>) ?[0-9][A-Za-z0-9.+~:-]*\))?$/,
  'the name of a Debian package, with versions in brackets if wanted, such as "libpq5 (>= 17)"',
);
const recipeName = text(/^[a-z0-9][a-z0-9._-]*$/, "a name of lower-case letters, digits, dots and dashes");
const accountName = text(/^[a-z_][a-z0-9_-]{0,31}$/, "the name of an account");
const variantName = text(/^[a-z0-9][a-z0-9-]*$/, "the name of a variant");
const passwdField = text(/^[^:\n\r]*$/, "text without colons and line breaks");
const absolutePath = text(/^(?:\/(?!\.{1,2}(?:\/|$))[^/:\0\n]+)+$/, "an absolute path without . and ..");
const directoryPath = v.union([v.literal("/"), absolutePath], "wanted an absolute path");
const ownPath = text(/^(?!\/)(?:(?!\.\.(?:\/|$))[^/\0\n\\]+(?:\/|$))+$/, "a path below the recipe's folder, without ..");
const glob = text(/^\/[^\0\n]+$/, "a pattern of absolute paths, such as /usr/share/man/**");
const octalMode = text(/^[0-7]{3,4}$/, 'an octal mode as a quoted string, such as "0755"');
const whole = (low: number, high: number): v.GenericSchema<number, number> =>
  v.pipe(
    v.number("wanted a number"),
    v.integer("wanted a whole number"),
    v.minValue(low, `wanted ${low} or more`),
    v.maxValue(high, `wanted at most ${high}`),
  );
const id = whole(0, 4_294_967_294);
const flag = v.boolean("wanted true or false");
const architecture = v.picklist(
  ARCHITECTURES,
  `wanted one of ${ARCHITECTURES.map((one) => (one === "386" ? `"386" in quotes` : one)).join(", ")}`,
);
/** Text that a reader of ours takes. */
const readable = (read: (text: string) => unknown, wanted: string): v.GenericSchema<string, string> =>
  v.pipe(
    v.string(`wanted ${wanted}`),
    v.check((value) => {
      try {
        read(value);
        return true;
      } catch (error) {
        if (isDecantError(error)) return false;
        throw error;
      }
    }, `wanted ${wanted}`),
  );
const duration = v.pipe(text(/^[0-9]/, 'a time such as "30s"'), readable(parseDuration, 'a time such as "30s"'));
const date = text(/^\d{4}-\d\d-\d\d$/, "a day such as 2027-04-30");
const probeAddress = (isWanted: (request: string | undefined) => boolean, wanted: string): v.GenericSchema<string, string> =>
  v.pipe(
    v.string(`wanted ${wanted}`),
    v.check((value) => {
      const target = probeTarget(value);
      return target !== undefined && isWanted(target.request);
    }, `wanted ${wanted}`),
  );
const strings = list(v.string("wanted a string"), "a list of strings");
const MAPPING = "wanted names and values";
/** Valibot takes a list for an object whose names are 0, 1 and so on. */
const mapping = <Schema extends v.GenericSchema>(schema: Schema): Schema => ({
  ...schema,
  "~run": (dataset, config) => schema["~run"](Array.isArray(dataset.value) ? { value: null } : dataset, config),
});
const named = <Name extends v.GenericSchema<string, string>, Value extends v.GenericSchema>(
  name: Name,
  value: Value,
): v.RecordSchema<Name, Value, string> => mapping(v.record(name, value, MAPPING));
const fields = <Entries extends v.ObjectEntries>(entries: Entries): v.StrictObjectSchema<Entries, string> =>
  mapping(v.strictObject(entries, MAPPING));
const env = named(text(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of a variable"), v.string("wanted a string"));
const annotations = named(text(/^[^\0\n]+$/, "the name of an annotation"), v.string("wanted a string"));

/** An optional field, with what it is for. */
const field = <Schema extends v.GenericSchema>(schema: Schema, description: string) =>
  v.exactOptional(v.pipe(schema, v.description(description)));

const file = v.pipe(
  fields({
    path: absolutePath,
    text: field(v.string("wanted a string"), "The contents"),
    source: field(ownPath, "A file of the recipe's folder"),
    link: field(text(/^[^\0\n]+$/, "the target of a link"), "The target of a symbolic link"),
    hardLink: field(absolutePath, "Another name of this file of the base"),
    directory: field(v.literal(true, "wanted true"), "An empty directory"),
    mode: field(octalMode, 'Default "0644", directories "0755"'),
    uid: field(id, "Default 0"),
    gid: field(id, "Default 0"),
    architecture: field(architecture, "Default: all"),
  }),
  v.check(
    (one) => [one.text, one.source, one.link, one.hardLink, one.directory].filter((kind) => kind !== undefined).length === 1,
    "wanted exactly one of text, source, link, hardLink and directory",
  ),
);

const permission = v.pipe(
  fields({
    path: directoryPath,
    recursive: field(flag, "Everything below it, too. Default false"),
    uid: field(id, "Default: as it is"),
    gid: field(id, "Default: as it is"),
    mode: field(octalMode, "Of files, and of directories with the right to enter where there is one to read. Default: as it is"),
    directoryMode: field(octalMode, "Of directories. Default: of mode"),
  }),
  v.check(
    (one) => [one.uid, one.gid, one.mode, one.directoryMode].some((value) => value !== undefined),
    "wanted one of uid, gid, mode and directoryMode",
  ),
);

const healthcheck = v.union(
  [
    v.literal("none"),
    v.pipe(
      fields({
        command: field(v.pipe(strings, v.minLength(1, "wanted a program")), "Program and arguments"),
        http: field(
          probeAddress((request) => request !== undefined, "an address such as http://127.0.0.1:8080/healthz"),
          "An address of the container that a probe asks, which is put into the base: healthy is a status from 200 to 399",
        ),
        tcp: field(
          probeAddress((request) => request === undefined, "an address such as 127.0.0.1:5432"),
          "An address of the container that the probe connects to",
        ),
        interval: field(duration, "Default 30s"),
        timeout: field(duration, "Default 30s"),
        startPeriod: field(duration, "Default 0s"),
        startInterval: field(duration, "Default 5s"),
        retries: field(whole(1, 1000), "Default 3"),
      }),
      v.check(
        (one) => [one.command, one.http, one.tcp].filter((kind) => kind !== undefined).length === 1,
        "wanted exactly one of command, http and tcp",
      ),
    ),
  ],
  'wanted "none", or command, http or tcp with times',
);

const settings = {
  packages: field(
    list(wantedPackage, "a list of packages"),
    'Debian packages, in the order of their layers; "libpq5 (>= 17)" for versions that will do, also of a package that is there already',
  ),
  follow: field(flag, "Whether the dependencies of `packages` are taken, too. Default true"),
  parts: field(
    list(fields({ package: packageName, keep: list(glob, "a list of patterns") }), "a list of parts"),
    "Packages of which only some paths are taken",
  ),
  slices: field(
    list(
      fields({
        package: field(packageName, "Default: all packages"),
        drop: list(glob, "a list of patterns"),
        keep: field(list(glob, "a list of patterns"), "What stays of that"),
      }),
      "a list of slices",
    ),
    "Paths that are left out; a later slice wins over an earlier one, and copyright files stay",
  ),
  files: field(list(file, "a list of files"), "Files, links and directories of the recipe's own"),
  busybox: field(packageName, "The package whose busybox is put into /busybox, with a link for each of its programs, and /bin/sh"),
  env: field(env, "Environment variables; ${version:PACKAGE} is the version of a package of the base"),
  entrypoint: field(strings, "An empty list takes that of the extended recipe away"),
  cmd: field(strings, "An empty list takes that of the extended recipe away"),
  user: field(
    text(/^[0-9a-z_][0-9a-z_-]*(?::[0-9a-z_-]+)?$/, "a user as a quoted string"),
    'A name or a quoted number, with ":group" if wanted',
  ),
  workdir: field(directoryPath, "The working directory"),
  annotations: field(annotations, "Annotations of the image's manifest; ${version:PACKAGE} as in env"),
  labels: field(annotations, "Labels of the image's configuration; ${version:PACKAGE} as in env"),
  ports: field(
    list(
      v.union(
        [v.pipe(whole(1, 65_535), v.transform(String)), readable(parsePort, "a port such as 8080, 53/udp or 8000-8010")],
        "wanted a port such as 8080, 53/udp or 8000-8010",
      ),
      "a list of ports",
    ),
    "Ports that the image exposes",
  ),
  volumes: field(list(absolutePath, "a list of paths"), "Paths that are volumes"),
  stopSignal: field(readable(parseStopSignal, "a signal such as SIGTERM"), "The signal that stops a container"),
  healthcheck: field(healthcheck, "How a container tells that it works"),
  permissions: field(list(permission, "a list of permissions"), "Owners and modes of paths that the base has, in this order"),
};

const certificates = v.union(
  [
    v.pipe(
      packageName,
      v.transform((name): CertificatesDocument => ({ package: name })),
    ),
    fields({
      package: field(packageName, "The package whose certificates are the bundle. Default: that of the extended recipe"),
      add: field(
        list(
          v.union(
            [fields({ pem: text(/-----BEGIN CERTIFICATE-----/, "a certificate in PEM") }), fields({ file: ownPath })],
            "wanted { pem: … } or { file: … }",
          ),
          "a list of certificates",
        ),
        "Certificates of your own",
      ),
      java: field(flag, "Whether /etc/ssl/certs/java/cacerts is written, too"),
    }),
  ],
  "wanted the name of a package, or package, add and java",
);

const node = fields({
  version: text(/^\d+\.\d+\.\d+$/, 'an exact version such as "22.20.0"'),
  packages: named(
    v.string(),
    fields({
      name: text(/^(?:@[a-z0-9._-]+\/)?[a-z0-9][a-z0-9._-]*$/, "the name of an npm package"),
      integrity: field(text(/^sha512-[A-Za-z0-9+/]{86}==$/, '"sha512-" and its base64 value'), "What the tarball must have"),
    }),
  ),
});

const recipe = fields({
  name: recipeName,
  description: field(v.string("wanted a string"), "One line for lists"),
  extends: field(recipeName, "A recipe of the catalogue, or of the same folder"),
  suite: field(text(/^[a-z]+$/, "a Debian codename"), "A Debian codename, such as trixie"),
  sources: field(
    list(
      fields({
        uri: text(/^https?:\/\/[^\s?#]+$/, "the http or https address of an archive"),
        suite: field(
          text(/^(?:\.\/|(?!\.)[A-Za-z0-9._/-]+)$/, "a suite"),
          "Default: that of the recipe. One that ends in / is a flat repository",
        ),
        components: field(list(text(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, "a component"), "a list of components"), "Default: main"),
        keyring: field(ownPath, "A file of the recipe's folder with the keys of the archive. Default: Debian's keys"),
      }),
      "a list of archives",
    ),
    "Archives besides Debian's own. The highest version of all wins, that of backports only where nothing else will do",
  ),
  architectures: field(
    v.pipe(list(architecture, "a list of architectures"), v.minLength(1, "wanted one or more")),
    "OCI names. Default: amd64 and arm64, as far as the recipe that is extended has them",
  ),
  exclude: field(list(packageName, "a list of packages"), "Packages that must never be taken: a need for one is an error"),
  ignore: field(
    list(
      v.union(
        [packageName, fields({ package: packageName, needs: list(packageName, "a list of packages") })],
        "wanted the name of a package, or { package: …, needs: […] }",
      ),
      "a list of packages",
    ),
    "Dependencies that are left unmet: of all packages by name, or those of one package",
  ),
  certificates: field(certificates, "The trusted certificates"),
  users: field(
    list(
      fields({
        name: accountName,
        uid: id,
        gid: id,
        home: absolutePath,
        shell: field(absolutePath, 'Default "/sbin/nologin"'),
        comment: field(passwdField, "Default: the name"),
      }),
      "a list of users",
    ),
    "Lines of /etc/passwd",
  ),
  groups: field(
    list(fields({ name: accountName, gid: id, members: field(list(accountName, "a list of users"), "Default: none") }), "a list of groups"),
    "Lines of /etc/group",
  ),
  node: field(node, "Node.js, from the npm packages that hold its official binaries"),
  osRelease: field(flag, "Whether /usr/lib/os-release is made of the suite and the recipe's name"),
  ldCache: field(flag, "Whether /etc/ld.so.cache and /etc/ld.so.conf are written"),
  usrMerge: field(flag, "Whether files of /bin, /sbin and /lib* are moved into /usr. Default: from Debian 13 on"),
  layers: field(whole(1, 100), "How many layers the base may have. Default 10"),
  support: field(
    list(fields({ of: v.string("wanted a string"), until: date }), "a list of periods"),
    "How long what the base has gets security updates",
  ),
  variants: field(
    named(variantName, fields({ join: field(list(variantName, "a list of variants"), "Variants that come first"), ...settings })),
    "What can be asked for by RECIPE:VARIANT",
  ),
  ...settings,
});

/** A recipe file. */
export const recipeSchema: v.GenericSchema<unknown, RecipeDocument> = recipe;

/** The names of its fields; those of variants are among them. */
export const RECIPE_FIELDS: readonly string[] = Object.keys(recipe.entries);
