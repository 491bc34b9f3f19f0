import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type EffectContext, scriptEffects } from "./maintainer-scripts.ts";

const there = new Set(["/etc/nsswitch.conf", "/usr/bin/java", "/opt", "/etc/localtime", "/bin"]);
const full: EffectContext = { hasCache: true, hasCertificates: true, hasJavaStore: true, hasPath: (path) => there.has(path) };
const empty: EffectContext = { hasCache: false, hasCertificates: false, hasJavaStore: false, hasPath: () => false };

function show(script: string, context: EffectContext): string[] {
  return scriptEffects("p", new Map([["postinst", script]]), context).map(({ effect, done }) => `${effect}: ${done}`);
}

describe("scriptEffects()", () => {
  const rows: readonly { readonly script: string; readonly full: string; readonly empty: string }[] = [
    { script: 'ldconfig -r "$DPKG_ROOT/"', full: "ld.so.cache: native", empty: "ld.so.cache: left out" },
    { script: "update-ca-certificates --hooksdir ''", full: "certificates: native", empty: "certificates: left out" },
    { script: "dpkg-trigger update-ca-certificates-java", full: "certificates: native", empty: "certificates: left out" },
    { script: "update-alternatives --install /usr/bin/java java /x/java 5", full: "alternatives: native", empty: "alternatives: left out" },
    { script: "update-alternatives --install $x java /x/java 5", full: "alternatives: left out", empty: "alternatives: left out" },
    { script: "update-alternatives --remove java /x", full: "alternatives: not needed", empty: "alternatives: not needed" },
    { script: "install_from_default /usr/share/libc-bin/nsswitch.conf /etc/nsswitch.conf", full: "name service: native", empty: "name service: left out" },
    { script: "install_directory opt 755 root", full: "directories: native", empty: "directories: left out" },
    { script: "mkdir -p /opt 2>/dev/null", full: "directories: native", empty: "directories: left out" },
    { script: "mv -f /etc/localtime.dpkg-new /etc/localtime", full: "local time: native", empty: "local time: left out" },
    { script: "ln -sf usr/bin /bin", full: "files: native", empty: "files: left out" },
    { script: "adduser --system app", full: "accounts: left out", empty: "accounts: left out" },
    { script: "dpkg-divert --add --divert /.lib64.usr-is-merged /lib64", full: "diversions: not needed", empty: "diversions: not needed" },
    { script: "dpkg-divert --add /bin/sh", full: "diversions: left out", empty: "diversions: left out" },
    { script: "py3compile -p x", full: "byte code: not needed", empty: "byte code: not needed" },
    { script: "/usr/bin/python3.13 -E -S /usr/lib/python3.13/py_compile.py $files", full: "byte code: not needed", empty: "byte code: not needed" },
    { script: "db_get x/y", full: "questions: not needed", empty: "questions: not needed" },
    { script: "systemctl daemon-reexec", full: "services: not needed", empty: "services: not needed" },
    { script: "dpkg-maintscript-helper rm_conffile /x 1 -- \"$@\"", full: "upgrades: not needed", empty: "upgrades: not needed" },
    { script: "fc-cache -s", full: "caches: left out", empty: "caches: left out" },
    { script: "chmod 4755 /usr/bin/x", full: "files: left out", empty: "files: left out" },
  ]; // prettier-ignore
  for (const { script, full: inFull, empty: inEmpty } of rows)
    it(`judges ${script}`, () => assert.deepEqual([show(script, full), show(script, empty)], [[inFull], [inEmpty]]));

  it("says nothing of what changes nothing, and judges functions where they are called", () => {
    assert.deepEqual(show("set -e\necho hello\nf() {\n  chmod 1 /x\n}\nexit 0", full), []);
  });
  it("joins commands with one effect and keeps their text", () => {
    const [only, ...more] = scriptEffects("p", new Map([["postinst", "db_version 2.0\ndb_get a\ndb_get a"]]), full);
    assert.deepEqual(only, {
      package: "p",
      script: "postinst",
      effect: "questions",
      done: "not needed",
      text: "defaults are taken",
      commands: ["db_version 2.0", "db_get a"],
    });
    assert.equal(more.length, 0);
  });
  it("reads triggers", () => {
    const triggers = "# for libraries\nactivate-noawait ldconfig\ninterest-noawait /usr/lib\nactivate update-ca-certificates-java\n";
    assert.deepEqual(
      scriptEffects("p", new Map([["triggers", triggers]]), full).map(({ effect, done }) => `${effect}: ${done}`),
      ["ld.so.cache: native", "triggers: not needed", "certificates: native"],
    );
  });
});
