/** `--sbom`, `--provenance` and `--attest` of docker buildx build: `true`, `false`, or comma-separated KEY=VALUE. */
import { unsupported, usageError } from "../errors.ts";
import type { AttestationOptions, ProvenanceOptions, SbomAttestationOptions } from "../index.ts";
import type { RepeatedOption, TextOption } from "./command.ts";
import { parseCsvLine } from "./csv.ts";

/** The three flags. A later --attest wins over an earlier one, and all of them over the shorthands. */
export interface AttestationFlags {
  readonly sbom?: string;
  readonly provenance?: string;
  readonly attest: readonly string[];
}

interface Attributes {
  readonly flag: string;
  readonly values: ReadonlyMap<string, string>;
}

/** What may follow `--sbom` and `--provenance` as a word of its own, as in docker's own command lines. */
const ATTESTATION_VALUE = /^(?:0|1|f|t|false|true)$|^[a-z-]+=/i;

/** Spread it into a command's table. */
export const ATTESTATION_OPTION_TABLE: Readonly<Record<"sbom" | "provenance", TextOption>> & { readonly attest: RepeatedOption } = {
  sbom: {
    type: "string",
    value: "BOOL|KEY=VALUE",
    help: "Attach an SBOM to the image; files=false leaves the files of packages out",
    bare: "true",
    bareUnless: ATTESTATION_VALUE,
  },
  provenance: {
    type: "string",
    value: "BOOL|KEY=VALUE",
    help: "Attach provenance to the image: mode=min|max, version=v1|v0.2, builder-id=URI, reproducible=BOOL",
    bare: "true",
    bareUnless: ATTESTATION_VALUE,
  },
  attest: {
    type: "string",
    multiple: true,
    value: "type=TYPE",
    help: "The same as type=sbom,… or type=provenance,…; disabled=true for none",
  },
};

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "true"].map((text): readonly [string, boolean] => [text, true]),
  ...["0", "f", "false"].map((text): readonly [string, boolean] => [text, false]),
]);

const ATTEST_ARGUMENT = "BUILDKIT_ATTEST_";

/**
 * Build arguments as BuildKit reads them: BUILDKIT_ATTEST_SBOM and BUILDKIT_ATTEST_PROVENANCE ask for what `--attest` does, which wins, and are nothing
 * else. Throws `USAGE` for another of these names.
 */
export function withoutAttestArguments(buildArgs: Readonly<Record<string, string>>): {
  readonly buildArgs: Record<string, string>;
  /** As of `--attest`. */
  readonly attest: readonly string[];
} {
  const isAttest = ([name]: readonly [string, string]): boolean => name.startsWith(ATTEST_ARGUMENT);
  const all = Object.entries(buildArgs);
  return {
    buildArgs: Object.fromEntries(all.filter((one) => !isAttest(one))),
    attest: all.filter(isAttest).map(([name, value]) => {
      const type = `type=${name.slice(ATTEST_ARGUMENT.length).toLowerCase()}`;
      return value === "" ? type : `${type},${value}`;
    }),
  };
}

/** What the flags ask for. Throws `USAGE`, and `UNSUPPORTED` for what BuildKit has and Decant does not. */
export function parseAttestations({ sbom, provenance, attest }: AttestationFlags): AttestationOptions {
  const wanted = new Map<string, Attributes | undefined>();
  for (const [type, text] of [["sbom", sbom] as const, ["provenance", provenance] as const]) {
    if (text !== undefined) wanted.set(type, shorthand(`--${type}`, text));
  }
  for (const text of attest) {
    const { flag, values } = attributesOf("--attest", text);
    const type = values.get("type");
    if (type !== "sbom" && type !== "provenance")
      throw usageError(`Cannot use --attest "${text}": its type is "${type ?? ""}"; wanted type=sbom or type=provenance`);
    const rest = new Map([...values].filter(([key]) => key !== "type" && key !== "disabled"));
    wanted.set(type, isTrue(flag, "disabled", values.get("disabled") ?? "false") ? undefined : { flag, values: rest });
  }
  const [sbomWanted, provenanceWanted] = [wanted.get("sbom"), wanted.get("provenance")];
  return {
    ...(sbomWanted === undefined ? {} : { sbom: sbomOptions(sbomWanted) }),
    ...(provenanceWanted === undefined ? {} : { provenance: provenanceOptions(provenanceWanted) }),
  };
}

function shorthand(flag: string, text: string): Attributes | undefined {
  const told = BOOLEANS.get(text.toLowerCase());
  if (told !== undefined) return told ? { flag, values: new Map() } : undefined;
  const given = attributesOf(flag, text);
  const disabled = given.values.get("disabled") ?? "false";
  const values = new Map([...given.values].filter(([key]) => key !== "disabled"));
  return isTrue(flag, "disabled", disabled) ? undefined : { flag, values };
}

function attributesOf(flag: string, text: string): Attributes {
  const values = new Map<string, string>();
  for (const field of parseCsvLine(text, flag)) {
    const equals = field.indexOf("=");
    if (equals < 1) throw usageError(`Cannot read ${flag} "${text}": "${field}" has no value; wanted KEY=VALUE`);
    values.set(field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1));
  }
  return { flag, values };
}

function sbomOptions({ flag, values }: Attributes): SbomAttestationOptions {
  for (const [key, value] of values) {
    if (key === "files") continue;
    if (key === "generator") throw unsupported(`${flag} with generator=${value}`, { row: "F134" });
    throw unknownKey(flag, key, "files");
  }
  const files = values.get("files");
  return files === undefined ? {} : { files: isTrue(flag, "files", files) };
}

function provenanceOptions({ flag, values }: Attributes): ProvenanceOptions {
  const options: { -readonly [Key in keyof ProvenanceOptions]: ProvenanceOptions[Key] } = {};
  for (const [key, value] of values) {
    switch (key) {
      case "mode":
        if (value !== "min" && value !== "max") throw usageError(`Cannot use ${flag} with mode=${value}: wanted mode=min or mode=max`);
        options.mode = value;
        break;
      case "version":
        if (value !== "v1" && value !== "v0.2")
          throw usageError(`Cannot use ${flag} with version=${value}: wanted version=v1 or version=v0.2`);
        options.version = value;
        break;
      case "builder-id":
        options.builderId = value;
        break;
      case "reproducible":
        options.reproducible = isTrue(flag, key, value);
        break;
      case "inline-only":
        options.inlineOnly = isTrue(flag, key, value);
        break;
      case "filename":
        options.filename = value;
        break;
      default:
        throw unknownKey(flag, key, "mode, version, builder-id, reproducible, filename, inline-only");
    }
  }
  return options;
}

function isTrue(flag: string, key: string, value: string): boolean {
  const told = BOOLEANS.get(value.toLowerCase());
  if (told === undefined) throw usageError(`Cannot use ${flag} with ${key}=${value}: wanted true or false`);
  return told;
}

function unknownKey(flag: string, key: string, known: string): Error {
  return usageError(`Cannot use ${flag} with "${key}": there is no such attribute; wanted ${known}`);
}
