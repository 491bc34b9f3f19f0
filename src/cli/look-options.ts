/** What commands have in common that look at an image wherever it is. */
import type { CliContext } from "./context.ts";
import { PROGRESS_MODES } from "./progress/show.ts";
import { REGISTRY_OPTION_TABLE, type RegistryValues } from "./registry-options.ts";
import { STORE_OPTION_TABLE, storeOptions } from "./store-options.ts";
import type { StoreOptions } from "../index.ts";

/** What names an image: for the notes of the commands. */
export const IMAGE_FORMS = `IMAGE is an image of the store, or of a registry, from which Decant pulls it into the store. Other forms:
  docker://NAME           an image of a registry, whatever the store has
  oci:PATH[:TAG|@DIGEST]  an OCI layout: a folder or a tar
  docker-archive:FILE     an archive of docker save`;

/** Spread it into a command's table. */
export const LOOK_OPTION_TABLE: typeof STORE_OPTION_TABLE &
  typeof REGISTRY_OPTION_TABLE & {
    readonly platform: { readonly type: "string"; readonly value: string; readonly help: string };
    readonly progress: { readonly type: "string"; readonly value: string; readonly help: string; readonly choices: typeof PROGRESS_MODES };
  } = {
  ...STORE_OPTION_TABLE,
  ...REGISTRY_OPTION_TABLE,
  platform: { type: "string", value: "OS/ARCH", help: "Platform to look at; by default the host's" },
  progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
};

/** The values of those options as options of the API. */
export function lookOptions(
  values: { readonly root?: string; readonly platform?: string } & RegistryValues,
  context: CliContext,
): StoreOptions & { readonly platform: string | undefined; readonly cwd: string } {
  return { ...storeOptions(values, context), platform: values.platform, cwd: context.cwd };
}
