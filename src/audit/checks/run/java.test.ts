/** Java programs: what is found where something is missing. */
import {
  at,
  type AuditTreeSpec,
  BASE,
  JAVA,
  library,
  program,
  run,
  testBroken,
  testWhole,
  TRIPLET,
} from "../../../../test/support/broken-images.ts";
import { zipFile } from "../../../../test/support/zip-file.ts";

const MANIFEST = "META-INF/MANIFEST.MF";

const JVM = "usr/lib/jvm/java-21/lib";
/** A runtime in a folder of its own. */
const RUNTIME: AuditTreeSpec = {
  ...BASE,
  "usr/bin/java": "link ../lib/jvm/java-21/bin/java",
  "usr/lib/jvm/java-21/bin/java": program({ needed: ["libjli.so", "libc.so.6"], runpath: "$ORIGIN/../lib" }),
  [`${JVM}/libjli.so`]: library("libjli.so"),
  [`${JVM}/libjava.so`]: library("libjava.so", { needed: ["libjvm.so"], runpath: "$ORIGIN" }),
  [`${JVM}/libjimage.so`]: library("libjimage.so", { needed: ["libstdc++.so.6"] }),
  [`${JVM}/server/libjvm.so`]: library("libjvm.so", { needed: ["libstdc++.so.6"] }),
  [`${JVM}/modules`]: "file",
};

testBroken("Java program", [
  {
    name: "a runtime without its modules",
    tree: { ...RUNTIME, [`${JVM}/modules`]: "link /nowhere", [`${TRIPLET}/libstdc++.so.6`]: library("libstdc++.so.6") },
    config: run("java", "-version"),
    want: `error java-runtime-incomplete /${JVM}/modules`,
    message: /^Java needs "\/usr\/lib\/jvm\/java-21\/lib\/modules", which is not in the image$/,
    remedy: /Copy "\/usr\/lib\/jvm\/java-21" whole/,
  },
  {
    name: "a virtual machine without a library",
    tree: RUNTIME,
    config: run("java", "-version"),
    want: `error elf-missing-library /${JVM}/libjimage.so`,
    message: /needs the library "libstdc\+\+.so.6"/,
    remedy: /Copy "libstdc/,
  },
  {
    name: "a jar that is missing",
    tree: { ...JAVA, "app/App.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\n", "a/B.class": "" }) },
    config: at("/app", "java", "-Xmx64m", "-jar", "app.jar"),
    want: "error java-file-missing /app/app.jar",
    message: /there is "\/app\/App.jar"/,
    remedy: /write "\/app\/App.jar"/,
  },
  {
    name: "a jar without a main class",
    tree: { ...JAVA, "app/app.jar": zipFile({ [MANIFEST]: "Manifest-Version: 1.0\n" }) },
    config: at("/app", "java", "-jar", "app.jar"),
    want: "error java-main-class-missing /app/app.jar",
    message: /has no Main-Class/,
    remedy: /-plain/,
  },
  {
    name: "a main class that is in no jar",
    tree: { ...JAVA, "app/app.jar": zipFile({ [MANIFEST]: "Main-Class: com.example.Main\n" }) },
    config: at("/app", "java", "-jar", "app.jar"),
    want: "error java-main-class-missing /app/app.jar",
    message: /"com.example.Main"/,
    remedy: /class path/,
  },
  {
    name: "a jar of the Class-Path that is missing",
    tree: { ...JAVA, "app/app.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\nClass-Path: lib/gu\n ava.jar\n", "a/B.class": "" }) },
    config: at("/app", "java", "-jar", "app.jar"),
    want: "warning java-class-path-missing /app/lib/guava.jar",
    message: /names "\/app\/lib\/guava.jar"/,
    remedy: /Copy the libraries/,
  },
  {
    name: "a class that is not in the class path",
    tree: { ...JAVA, "app/classes/a/B.class": "file", "app/lib/x.jar": zipFile({ "a/C.class": "" }) },
    config: at("/app", "java", "-cp", "classes:lib/*", "a.D"),
    want: "error java-main-class-missing undefined",
    message: /the class "a.D", which is not in "\/app\/classes", "\/app\/lib\/x.jar"/,
    remedy: /class path/,
  },
]);

testWhole([
  ["a whole Java runtime", { ...RUNTIME, [`${TRIPLET}/libstdc++.so.6`]: library("libstdc++.so.6") }, run("java", "-version")],
  [
    "a jar with its class path",
    {
      ...JAVA,
      "app/app.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\r\nClass-Path: lib/\r\n", "x.class": "" }),
      "app/lib/a/B.class": "file",
    },
    at("/app", "java", "-jar", "app.jar"),
  ],
]);
