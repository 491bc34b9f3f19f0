/** A certificate authority of the test's own, made by openssl, with certificates of servers and clients. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProcess } from "../../src/sys/index.ts";

/** A certificate and its key: PEM texts, and their files. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes certificates that `ca` has signed. */
export interface OwnAuthority {
  readonly ca: CertificatePair;
  /** For these names ("DNS:registry.example", "IP:127.0.0.1"), or for a client of that name. */
  issue(name: string, alternatives?: readonly string[]): Promise<CertificatePair>;
}

/** Makes an authority whose files are in `folder`. */
export async function createOwnAuthority(folder: string): Promise<OwnAuthority> {
  const make = async (name: string, ca: CertificatePair | undefined, extensions: readonly string[]): Promise<CertificatePair> => {
    const [certFile, keyFile, config] = [`${name}.crt`, `${name}.key`, `${name}.cnf`].map((file) => join(folder, file)) as [
      string,
      string,
      string,
    ];
    await writeFile(config, `[req]\ndistinguished_name = dn\n[dn]\n[ext]\n${extensions.join("\n")}\n`);
    const signer = ca === undefined ? [] : ["-CA", ca.certFile, "-CAkey", ca.keyFile];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyFile];
    const argv = ["openssl", "req", "-x509", "-config", config, "-extensions", "ext", "-subj", `/CN=${name}`, "-days", "3650"];
    const { exitCode, stderr } = await runProcess({
      argv: [...argv, ...key, "-out", certFile, ...signer],
      env: { PATH: process.env["PATH"] },
      maxOutputBytes: 1_000_000,
    });
    if (exitCode !== 0) throw new Error(`openssl: ${stderr.toString("utf8")}`);
    return { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8"), certFile, keyFile };
  };
  const ca = await make("authority", undefined, ["basicConstraints = critical,CA:TRUE", "keyUsage = critical,keyCertSign"]);
  return {
    ca,
    issue: (name, alternatives = []) =>
      make(name, ca, [
        "basicConstraints = critical,CA:FALSE",
        "extendedKeyUsage = serverAuth,clientAuth",
        ...(alternatives.length === 0 ? [] : [`subjectAltName = ${alternatives.join(",")}`]),
      ]),
  };
}
