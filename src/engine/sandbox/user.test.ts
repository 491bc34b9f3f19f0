/** USER lookup in account files (S66, S67, S69). */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isDecantError } from "../../errors.ts";
import { emptyTree, hostTree } from "../../tree/index.ts";
import { resolveUser } from "./user.ts";

const PASSWD = "root:x:0:0:root:/root:/bin/sh\n# comment\nbroken line\napp:x:1000:1001:App:/home/app:/bin/sh\nnohome:x:5:6::\n";
const GROUP = "root:x:0:root\nwheel:x:10:root,app\napp:x:1001:\naudio:x:29: app\n";

describe("resolveUser()", () => {
  const rows = [
    ["", "0:0 +0,10 /root"],
    ["root", "0:0 +0,10 /root"],
    ["0", "0:0 +0,10 /root"],
    ["app", "1000:1001 +1001,10,29 /home/app"],
    ["1000", "1000:1001 +1001,10,29 /home/app"],
    ["app:wheel", "1000:10 +10 /home/app"],
    ["app:77", "1000:77 +77 /home/app"],
    ["1000:77", "1000:77 +77 /home/app"],
    ["4242", "4242:0 +0 /"],
    ["4242:4343", "4242:4343 +4343 /"],
    ["nohome", "5:6 +6 /"],
    [":wheel", "0:10 +10 /root"],
    ["nobody", 'Cannot run as user "nobody": "nobody" is not in /etc/passwd of the image; wanted a known name or a number'],
    ["app:nope", 'Cannot run as user "app:nope": "nope" is not in /etc/group of the image; wanted a known group or a number'],
    ["99999999999", 'Cannot run as user "99999999999": 99999999999 is no number of a user or group; wanted 0 to 2147483647'],
    ["5:-7", 'Cannot run as user "5:-7": -7 is no number of a user or group; wanted 0 to 2147483647'],
  ] as const;
  for (const [user, want] of rows) {
    it(`finds "${user}"`, async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), "decant-user-"));
      mkdirSync(join(folder.path, "etc"));
      writeFileSync(join(folder.path, "etc/passwd"), PASSWD);
      writeFileSync(join(folder.path, "etc/group"), GROUP);
      const got = await resolveUser(hostTree(folder.path), user).then(
        ({ uid, gid, additionalGids, home }) => `${uid}:${gid} +${additionalGids.join(",")} ${home}`,
        (error: unknown) => (isDecantError(error, "RUN_USER") ? error.message : String(error)),
      );
      assert.equal(got, want);
    });
  }

  it("needs no account files for root and numbers", async () => {
    assert.deepEqual(await resolveUser(emptyTree, ""), { uid: 0, gid: 0, additionalGids: [0], home: "/" });
    assert.deepEqual(await resolveUser(emptyTree, "7:8"), { uid: 7, gid: 8, additionalGids: [8], home: "/" });
    await assert.rejects(resolveUser(emptyTree, "app"), { code: "RUN_USER" });
  });

  it("S67: follows symlinks inside of the image only, and reads regular files of a sensible size only", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-user-"));
    const root = join(folder.path, "root");
    mkdirSync(join(root, "etc"), { recursive: true });
    writeFileSync(join(folder.path, "passwd"), PASSWD);
    symlinkSync("../../passwd", join(root, "etc/passwd"));
    await assert.rejects(resolveUser(hostTree(root), "app"), { code: "RUN_USER" });
    writeFileSync(join(root, "passwd"), PASSWD);
    assert.equal((await resolveUser(hostTree(root), "app")).uid, 1000);
    truncateSync(join(root, "passwd"), 11 * 1024 * 1024);
    await assert.rejects(resolveUser(hostTree(root), "app"), { code: "RUN_USER" });
    assert.equal((await resolveUser(hostTree(root), "")).uid, 0);
    mkdirSync(join(root, "etc/group"));
    await assert.rejects(resolveUser(hostTree(root), "4242"), { code: "RUN_USER" });
  });
});
