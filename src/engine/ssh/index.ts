export type { SshAgent } from "./agent.ts";
export { readSshKey, type SshKey, type SshKeyFile } from "./key.ts";
export { converse, serveAgent, type ServedAgent } from "./serve.ts";
