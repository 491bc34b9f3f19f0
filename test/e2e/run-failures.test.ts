/** U3: a failed RUN says which step it was, how it ended, and why where the files of the step tell. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DecantError } from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";

/** A program for another processor: only its head counts. */
function addForeign(shop: Workshop, name: string): void {
  const bytes = readFileSync("/usr/bin/busybox");
  const machine = bytes.readUInt16LE(18);
  bytes.writeUInt16LE(machine === 183 ? 62 : 183, 18);
  writeFileSync(join(shop.context, name), bytes, { mode: 0o755 });
}

async function failure(run: string): Promise<DecantError> {
  using shop = workshop();
  addBusybox(shop);
  shop.write({
    "files/crlf.sh": "#!/bin/sh\r\necho hi\r\n",
    "files/env.sh": "#!/usr/bin/env sh\r\necho hi\r\n",
    "files/python.sh": "#!/usr/bin/nosuch\n",
    "files/plain": "#!/bin/sh\nexit 3\n",
    "files/words": "#\nset -eux\n",
  });
  // It needs libc, which the image has not.
  copyFileSync("/bin/ls", join(shop.context, "files/dynamic"));
  addForeign(shop, "files/foreign");
  const error: unknown = await shop
    .build(`${BUSYBOX}COPY --chmod=755 files /\nCOPY files/words /nohash\nRUN chmod +x /nohash && chmod 644 /words\n${run}\n`)
    .then(
      () => assert.fail("it builds"),
      (reason: unknown) => reason,
    );
  assert.ok(error instanceof DecantError, String(error));
  return error;
}

const CRLF = /: "\/crlf\.sh" has the line ends of Windows/;
const HEREDOC = /: its heredoc has the line ends of Windows \(CR LF\)/;
const NO_BIT = /: "\/no-bit" has no execute bit$/;
const LOADER = /: "\/dynamic" needs the loader "\/lib\S*\/ld-linux\S+", which is not in the image: it was linked for glibc$/;
const FOREIGN = /: "\/foreign" is a program for (?:arm64|amd64), and the step is for linux\//;
const LOST = /: it ran in "\/", because the "cd \/app" of the RUN at \S+Dockerfile:\d+:1 lasted for that step only$/;

describe("U3: a RUN that fails", () => {
  const rows: readonly { readonly run: string; readonly says: RegExp; readonly hint?: RegExp }[] = [
    { run: "RUN ./plain", says: /^\[\d+\/\d+\] RUN \.\/plain failed: exit code 3$/ },
    { run: "RUN nosuch", says: /RUN nosuch failed: exit code 127$/ },
    { run: "RUN sh -c 'kill -9 $$'; exit $?", says: /failed: killed by SIGKILL$/ },
    { run: "RUN ./crlf.sh", says: CRLF, hint: /sed -i/ },
    { run: "RUN cd / && /crlf.sh one two", says: CRLF },
    { run: "RUN ln -s /crlf.sh /bin/linked && linked", says: /"\/crlf\.sh" has the line ends/ },
    { run: "RUN ./env.sh", says: /"\/env\.sh" has the line ends/ },
    { run: "RUN cp /crlf.sh /new.sh && ./new.sh", says: /"\/new\.sh" has the line ends/ },
    { run: "RUN ./python.sh", says: /"\/python\.sh" is for the interpreter "\/usr\/bin\/nosuch", which is not in the image/ },
    { run: "RUN /dynamic", says: LOADER, hint: /glibc/ },
    { run: "RUN ./foreign", says: FOREIGN, hint: /TARGETARCH/ },
    { run: "RUN mkdir /app && cd /app\nRUN cat package.json", says: LOST, hint: /^Write WORKDIR \/app in its place$/ },
    { run: "RUN mkdir /app && cd /app\nWORKDIR /tmp\nRUN cat package.json", says: /exit code 1$/ },
    { run: "RUN mkdir /app && cd /app\nRUN exit 4", says: /exit code 4$/ },
    { run: "RUN cat crlf.sh nosuch", says: /exit code 1$/ },
    { run: "RUN <<E\r\nset -e\r\nE\r", says: HEREDOC, hint: /eol=lf/ },
    { run: "RUN <<E\r\n#!/bin/sh\r\nset -e\r\nE\r", says: HEREDOC },
    { run: "RUN <<E\r\nexit 4\r\nE\r", says: /exit code \d+$/ },
    { run: "RUN cp plain no-bit && chmod 644 no-bit && ./no-bit", says: NO_BIT, hint: /chmod \+x/ },
    { run: "RUN cp plain no-bit && chmod 644 no-bit && sh no-bit", says: /exit code 3$/ },
  ];
  for (const { run, says, hint = /^$/ } of rows)
    it(run, async () => {
      const error = await failure(run);
      assert.equal(error.code, "RUN_FAILED");
      assert.match(error.message, says);
      if (hint.source !== "^$") assert.match(error.hint ?? "", hint);
      assert.ok(error.message.startsWith(String(error.details["step"])));
    });

  const programs: readonly { readonly program: string; readonly says: RegExp }[] = [
    { program: "/crlf.sh", says: /^Cannot start "\/crlf\.sh": it has the line ends of Windows/ },
    { program: "/dynamic", says: /^Cannot start "\/dynamic": it needs the loader/ },
    { program: "/foreign", says: /^Cannot start "\/foreign": it is a program for/ },
    { program: "/nohash", says: /^Cannot start "\/nohash": it is no program, and does not begin with #!$/ },
    { program: "/words", says: /^Cannot start "\/words": it has no execute bit$/ },
    { program: "/nosuch", says: /^Cannot start "\/nosuch": not found in the image$/ },
  ];
  for (const { program, says } of programs)
    it(`RUN ["${program}"]`, async () => {
      const error = await failure(`RUN ["${program}"]`);
      assert.equal(error.code, "RUNTIME");
      assert.match(error.message, says);
    });

  const MERGED = "RUN cp -a /bin /usr-bin; /usr-bin/busybox rm -r /bin; /usr-bin/busybox ln -s usr-bin /bin";
  const lost: readonly { readonly run: string; readonly says: RegExp; readonly hint: RegExp }[] = [
    {
      run: `${MERGED}\nCOPY --link files/plain /bin/\nLABEL a=b\nCOPY files /x\nRUN true`,
      says: /^Cannot start "\/bin\/sh": not found in the image any more: \[\S+ COPY --link files\/plain \/bin\/ \(\S*Dockerfile:\d+:1\) has removed it/,
      hint: /^Leave out --link/,
    },
    {
      run: "RUN rm /bin/sh\nCOPY files /x\nRUN true",
      says: /not found in the image any more: \[\S+ RUN rm \/bin\/sh \(/,
      hint: /^Do this step before/,
    },
    {
      run: 'RUN cp /bin/busybox /tmp/nosuch && mkdir -p /usr/bin && cp /bin/busybox /usr/bin/nosuch\nRUN rm /usr/bin/nosuch\nRUN ["/python.sh"]',
      says: /^Cannot start "\/python\.sh": "\/usr\/bin\/nosuch", which it needs, is not found in the image any more: \[\S+ RUN rm \/usr\/bin\/nosuch/,
      hint: /^Do this step before/,
    },
  ];
  for (const { run, says, hint } of lost)
    it(`that needs what an earlier step took away: ${run.slice(0, 40)}`, async () => {
      const error = await failure(run);
      assert.match(error.message, says);
      assert.match(error.hint ?? "", hint);
    });
});
