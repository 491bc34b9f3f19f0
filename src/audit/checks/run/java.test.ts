/** Java programs: what is found where something is missing. */
import {
  at,
  type AuditTreeSpec,
  JAVA,
  JAVA_LIB,
  JAVA_RUNTIME,
  run,
  testBroken,
  testWhole,
} from "../../../../test/support/broken-images.ts";
import { zipFile } from "../../../../test/support/zip-file.ts";

const MANIFEST = "META-INF/MANIFEST.MF";

/** One without what its virtual machine is linked against. */
const BARE: AuditTreeSpec = Object.fromEntries(Object.entries(JAVA_RUNTIME).filter(([path]) => !path.endsWith("libstdc++.so.6")));
/** The head of a class file of this version, as text. */
const classFile = (major: number): string => `\xca\xfe\xba\xbe\0\0\0${String.fromCharCode(major)}`;

testBroken("Java program", [
  {
    name: "a runtime without its modules",
    tree: { ...JAVA_RUNTIME, [`${JAVA_LIB}/modules`]: "link /nowhere" },
    config: run("java", "-version"),
    want: `error java-runtime-incomplete /${JAVA_LIB}/modules`,
    message: /^Java needs "\/usr\/lib\/jvm\/java-21\/lib\/modules", which is not in the image$/,
    remedy: /Copy "\/usr\/lib\/jvm\/java-21" whole/,
  },
  {
    name: "a virtual machine without a library",
    tree: BARE,
    config: run("java", "-version"),
    want: `error elf-missing-library /${JAVA_LIB}/libjimage.so`,
    message: /needs the library "libstdc\+\+.so.6"/,
    remedy: /Copy "libstdc/,
  },
  {
    name: "a jar that is missing",
    tree: { ...JAVA, "app/App.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\n", "a/B.class": "" }) },
    config: at("/app", "java", "-Xmx64m", "-jar", "app.jar"),
    want: "error java-file-missing /app/app.jar",
    message: /it has "\/app\/App.jar"/,
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
  {
    name: "A6: a main class for a newer Java",
    tree: {
      ...JAVA_RUNTIME,
      "app/app.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\n", "a/B.class": Buffer.from(classFile(69), "latin1") }),
    },
    config: at("/app", "java", "-jar", "app.jar"),
    want: "error java-class-version undefined",
    message: /^The main class "a.B" was compiled for Java 25 \(class file version 69\), and the image has Java 21$/,
    remedy: /--release 21/,
  },
  {
    name: "A6: an agent of JAVA_TOOL_OPTIONS that is missing",
    tree: JAVA_RUNTIME,
    config: { ...at("/app", "java", "-cp", ".", "Main"), Env: ["JAVA_TOOL_OPTIONS=-Xmx1g -javaagent:/opt/otel.jar=a=b"] },
    want: "error java-file-missing /opt/otel.jar",
    message: /with the agent "\/opt\/otel.jar"/,
    remedy: /JAVA_TOOL_OPTIONS/,
  },
  {
    name: "A6: an agent of _JAVA_OPTIONS that is missing",
    tree: JAVA_RUNTIME,
    config: { ...at("/app", "java", "-cp", ".", "Main"), Env: ["_JAVA_OPTIONS=-agentpath:/opt/agent.so"] },
    want: "error java-file-missing /opt/agent.so",
    message: /with the agent "\/opt\/agent.so"/,
    remedy: /_JAVA_OPTIONS/,
  },
  {
    name: "A5: an argument file that only its owner may read",
    tree: { ...JAVA_RUNTIME, "app/args": "file 600 0:0 -version" },
    config: at("/app", "java", "@args"),
    want: "error file-not-readable /app/args",
    message: /may not read it/,
    remedy: /--chmod=644/,
  },
  {
    name: "A6: an argument file that is missing",
    tree: JAVA_RUNTIME,
    config: at("/app", "java", "@args", "Main"),
    want: "error java-file-missing /app/args",
    message: /the argument file "\/app\/args"/,
    remedy: /Copy it/,
  },
  {
    name: "A6: a jar that an argument file names",
    tree: { ...JAVA_RUNTIME, "app/args": "file 644 0:0 # options\n-Xmx1g\n-jar 'my app.jar'\n" },
    config: at("/app", "java", "@args"),
    want: "error java-file-missing /app/my app.jar",
    message: /the image has no "\/app\/my app.jar"/,
    remedy: /Copy the jar/,
  },
  {
    name: "A6: a runtime that cannot read compressed jars",
    tree: {
      ...JAVA_RUNTIME,
      [`${JAVA_LIB}/libzip.so`]: "link /nowhere",
      "app/app.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\n", "a/B.class": "" }),
    },
    config: at("/app", "java", "-jar", "app.jar"),
    want: `error java-runtime-incomplete /${JAVA_LIB}/libzip.so`,
    message: /libzip.so/,
    remedy: /whole/,
  },
  {
    name: "A5: a jar that only root may read",
    tree: { ...JAVA_RUNTIME, app: "dir 700 0:0", "app/app.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\n", "a/B.class": "" }) },
    config: { ...run("java", "-jar", "/app/app.jar") },
    want: "error file-not-readable /app/app.jar",
    message: /may not enter "\/app"/,
    remedy: /umask of 077/,
  },
]);

testWhole([
  ["a whole Java runtime", JAVA_RUNTIME, run("java", "-version")],
  [
    "A6: a runtime of Debian, whose launcher has a second list of virtual machines",
    Object.fromEntries(
      Object.entries(JAVA_RUNTIME).map(([path, made]) => [path === `${JAVA_LIB}/jvm.cfg` ? `${path}-default` : path, made]),
    ),
    run("java", "-version"),
  ],
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
