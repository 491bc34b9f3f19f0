import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testNetwork } from "../../test/support/network.ts";
import { bytesOf } from "../bytes.ts";
import type { RegistryNetwork } from "./registry-network.ts";
import { createSession } from "./session.ts";

/** The address of a manifest of `host`, when its ping is answered from `answered`. */
async function addressOf(host: string, answered: string): Promise<string> {
  const asked: URL[] = [];
  const network: RegistryNetwork = {
    retriesAt: () => testNetwork().retries(),
    send(request) {
      asked.push(request.url);
      const url = request.url.pathname === "/v2/" ? new URL(answered) : request.url;
      return Promise.resolve({
        status: 200,
        statusText: "OK",
        url,
        strayed: url !== request.url,
        header: () => undefined,
        body: bytesOf(""),
        discard() {},
      });
    },
  };
  const auth = { known: () => Promise.resolve(undefined), answer: () => Promise.resolve(undefined) };
  const endpoint = { registry: host, host, repository: "app", insecure: false, mirror: false };
  const session = createSession({ network, auth });
  await session.request({ endpoint, method: "GET", path: "manifests/v1", access: "pull", expect: [200], action: "read" });
  return asked.at(-1)?.href ?? "";
}

describe("createSession()", () => {
  const rows = [
    { name: "stays with http", host: "localhost", answered: "http://localhost/v2/", want: "http://localhost/v2/app/manifests/v1" },
    {
      name: "goes to https of the same host",
      host: "localhost",
      answered: "https://localhost/v2/",
      want: "https://localhost/v2/app/manifests/v1",
    },
    {
      name: "not to another port",
      host: "localhost:5000",
      answered: "https://localhost:5443/v2/",
      want: "http://localhost:5000/v2/app/manifests/v1",
    },
    { name: "not to another host", host: "localhost", answered: "https://reg.example/v2/", want: "http://localhost/v2/app/manifests/v1" },
  ];
  for (const { name, host, answered, want } of rows)
    it(`R1: where a registry of this machine redirects, ${name}`, async () => assert.equal(await addressOf(host, answered), want));
});
