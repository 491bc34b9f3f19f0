/** Names of variables that sound like those of secrets, as BuildKit's SecretsUsedInArgOrEnv knows them. Values are never looked at. */

const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const PSW = /(?:_|^)psw(?:_|$)/i;
const PUBLIC = /(?:_|^)public(?:_|$)/i;
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/** Which newer rules of the frontend hold; default: all. */
interface SecretNameRules {
  /** "PSW" is a password. */
  readonly psw: boolean;
  /** "DB_PASSWORD_FILE" and "KEY_VERSION" are harmless. */
  readonly fileAndVersion: boolean;
}

/** Does a variable of this name probably hold a secret? */
export function soundsSecret(name: string, { psw, fileAndVersion }: SecretNameRules = { psw: true, fileAndVersion: true }): boolean {
  const isSecret = SECRET.test(name) || (psw && PSW.test(name));
  return isSecret && !(fileAndVersion ? HARMLESS : PUBLIC).test(name);
}
