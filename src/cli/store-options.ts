/** The options that every command has that works on a store. */
import { resolve } from "node:path";
import type { StoreOptions } from "../index.ts";
import type { CliContext } from "./context.ts";
import { registryEnv, type RegistryValues } from "./registry-options.ts";

/** Spread it into a command's table. */
export const STORE_OPTION_TABLE: { readonly root: { readonly type: "string"; readonly value: string; readonly help: string } } = {
  root: { type: "string", value: "FOLDER", help: "The store; by default DECANT_ROOT" },
};

/** The values of those options as options of the API, and of those for registries where a command has them. Throws `UNSUPPORTED`. */
export function storeOptions(values: { readonly root?: string } & RegistryValues, context: CliContext): StoreOptions {
  const { signal } = context;
  return { env: registryEnv(values, context), signal, ...(values.root === undefined ? {} : { root: resolve(context.cwd, values.root) }) };
}
