/** Which secret a server is sent, and how (F39). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gitAuthorization, httpAuthorization } from "./source-secrets.ts";

const { signal } = new AbortController();

function reader(secrets: Readonly<Record<string, string>>): (id: string) => Promise<Uint8Array | undefined> {
  return (id) => Promise.resolve(secrets[id] === undefined ? undefined : Buffer.from(secrets[id]));
}

describe("httpAuthorization()", () => {
  const rows = [
    { name: "a token", secrets: { "HTTP_AUTH_TOKEN_a.b": "t" }, want: "Bearer t" },
    { name: "a header", secrets: { "HTTP_AUTH_HEADER_a.b": "Basic x" }, want: "Basic x" },
    { name: "a token before a header", secrets: { "HTTP_AUTH_TOKEN_a.b": "t", "HTTP_AUTH_HEADER_a.b": "h" }, want: "Bearer t" },
    { name: "no line end", secrets: { "HTTP_AUTH_TOKEN_a.b": "t\r\n" }, want: "Bearer t" },
    { name: "nothing for another host", secrets: { HTTP_AUTH_TOKEN_b: "t", HTTP_AUTH_TOKEN: "t" }, want: undefined },
    { name: "nothing of an empty secret", secrets: { "HTTP_AUTH_TOKEN_a.b": "\n" }, want: undefined },
  ];
  for (const { name, secrets, want } of rows)
    it(`sends ${name}`, async () => {
      const url = "https://a.b:8080/x";
      assert.equal((await httpAuthorization(url, reader(secrets), signal))?.headerFor(new URL(url)), want);
    });

  it("refuses what is no header, without quoting it", async () => {
    await assert.rejects(httpAuthorization("https://h/", reader({ HTTP_AUTH_TOKEN_h: "one\ntwo" }), signal), (error) => {
      assert.match(String(error), /secret "HTTP_AUTH_TOKEN_h" as credentials/);
      assert.doesNotMatch(String(error), /one\n|two/);
      return true;
    });
  });
});

describe("gitAuthorization()", () => {
  const TOKEN = `basic ${Buffer.from("x-access-token:t").toString("base64")}`;
  const rows = [
    { name: "a token", url: "https://h/x.git", secrets: { GIT_AUTH_TOKEN: "t" }, want: TOKEN },
    { name: "a header", url: "https://h/x.git", secrets: { GIT_AUTH_HEADER: "Bearer t", GIT_AUTH_TOKEN: "u" }, want: "Bearer t" },
    { name: "the host's own first", url: "http://h:81/x.git", secrets: { GIT_AUTH_HEADER: "no", "GIT_AUTH_TOKEN.h:81": "t" }, want: TOKEN },
    { name: "nothing over ssh", url: "ssh://h/x.git", secrets: { GIT_AUTH_TOKEN: "t" }, want: undefined },
    { name: "nothing over ssh, short", url: "git@h:x.git", secrets: { GIT_AUTH_TOKEN: "t" }, want: undefined },
  ];
  for (const { name, url, secrets, want } of rows)
    it(`sends ${name}`, async () => assert.equal((await gitAuthorization(url, reader(secrets), signal))?.headerFor(new URL(url)), want));
});

it("an authority hides the secret, however it was sent", async () => {
  const url = "https://h/x.git";
  const given = await gitAuthorization(url, reader({ GIT_AUTH_TOKEN: "geheim" }), signal);
  assert.equal(given?.hide(`you sent ${given.headerFor(new URL(url))} of geheim`), "you sent … of …");
});
