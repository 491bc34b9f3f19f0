import type { RegistriesConfig } from "../registries-conf.ts";

/** What a machine without registries.conf has. */
export const EMPTY_REGISTRIES: RegistriesConfig = { registries: [], aliases: new Map(), unqualifiedSearch: [], hosts: new Map() };
