/** What is built: the context with its Dockerfile, named contexts, secrets, agents and the time that a build counts as its own. */
export { type BuildContext, openBuildContext } from "./build-context.ts";
export { dockerProxies } from "./docker-proxies.ts";
export { gitCommands } from "./git-commands.ts";
export { type NamedContext, namedContexts, type NamedContexts } from "./named-contexts.ts";
export { followedExporters, followedFrontend, refuseUnknown } from "./refusals.ts";
export { openSecretKeys, openSecrets } from "./secrets.ts";
export { imageContext, openSession, platformOf, type Session } from "./session.ts";
export { resolveEpoch } from "./source-date-epoch.ts";
export { sourceTime } from "./source-time.ts";
export { openAgents } from "./ssh-agents.ts";
export type { ContextOptions, SecretSpec, SshSpec, StoreOptions } from "./types.ts";
