/** What git servers list, and addresses of repositories: names of refs, ids, symbolic refs. Trees and packs are read by git itself. */
import { resolveRef } from "../../../src/engine/ops/git-repository.ts";
import type { Git } from "../../../src/engine/ops/git-command.ts";
import { gitRefOf, gitSourceOp, isCommit, isSshRemote, parseGitUrl, withoutCredentials } from "../../../src/graph/git-url.ts";
import { holds, textOf } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const SHA1 = "0123456789abcdef0123456789abcdef01234567";
const LISTINGS = [
  `${SHA1}\tHEAD\n`,
  "ref: refs/heads/main\tHEAD\n",
  "ref: refs/heads/../../x\tHEAD\n",
  `${SHA1}\trefs/heads/main\n`,
  `${SHA1}\trefs/tags/main\n`,
  `${SHA1}\trefs/tags/main^{}\n`,
  `${SHA1}${SHA1.slice(0, 24)}\trefs/heads/main\n`,
  `${SHA1}\trefs/heads/--upload-pack=x\n`,
  `${SHA1.slice(1)}\trefs/heads/main\n`,
  `${SHA1}\t\n`,
  "\t\n",
  "\0\r\n",
  "\u001b[2J\n",
] as const;
const ADDRESSES = [
  "https://",
  "http://",
  "git://",
  "ssh://",
  "git@",
  "user:secret@",
  "github.com",
  "127.0.0.1:1",
  "[::1]",
  ":",
  "/a/b.git",
  "#main",
  "#main:sub",
  "#:../..",
  "#refs/heads/x:a//b",
  `#${SHA1}`,
  "?ref=main&subdir=a",
  "?submodules=false",
  "?checksum=",
  "?ref=--x",
  "..",
  "%2e%2e/",
  "\n",
  "\0",
  "é",
  "-oProxyCommand=x",
  "ext::sh -c id",
  "file:///etc",
] as const;
const REFS = [undefined, "main", "HEAD", "refs/heads/main", "v1", SHA1] as const;

function checkAddress(text: string): void {
  const git = parseGitUrl(text, { asContext: text.length % 2 === 0 });
  if (git === undefined) return;
  const { remote, ref, subdir } = git;
  holds(!remote.startsWith("-") && !/[\0\n]/.test(remote), "no address is an option of git");
  holds(!/^(?:ext|file|fd):/i.test(remote), "no address runs a program or reads files of this machine");
  holds(ref?.startsWith("-") !== true, "no ref is an option of git");
  holds(subdir === undefined || !subdir.split("/").includes(".."), "a folder of a repository stays inside");
  holds(!/^[a-z]+:\/\/[^/?#]*@/i.test(withoutCredentials(remote)), "passwords are not shown");
  isSshRemote(remote);
  const again = gitRefOf(gitSourceOp(git));
  holds(again.remote === remote && again.ref === ref, "an address is the same when it is read back");
}

export const GIT: Target = {
  name: "git",
  generate: (random) => (random.chance(0.5) ? textOf(random, LISTINGS, 8) : textOf(random, ADDRESSES, 6)),
  async check(input, { random }) {
    const text = input.toString("utf8");
    const git: Git = { run: () => Promise.resolve(text), ask: () => Promise.resolve(true) };
    await each(
      () => checkAddress(text),
      async () => {
        const found = await resolveRef(git, "https://user:secret@127.0.0.1/a.git", random.pick(REFS));
        holds(isCommit(found.commit) && isCommit(found.object), "what is checked out is a commit");
        holds(found.name?.startsWith("-") !== true, "no ref is an option of git");
      },
    );
  },
};
