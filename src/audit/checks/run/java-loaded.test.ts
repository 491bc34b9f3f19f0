/** Java programs whose own classes, native libraries or modules are missing. */
import { at, type AuditTreeSpec, JAVA_LIB, JAVA_RUNTIME, library, testBroken, testWhole } from "../../../../test/support/broken-images.ts";
import { JVM, javaClass, loadLibrary } from "../../../../test/support/class-file.ts";
import { zipFile } from "../../../../test/support/zip-file.ts";

const MAIN = "main([Ljava/lang/String;)V";
const MANIFEST = "META-INF/MANIFEST.MF";
const END = JVM.RETURN;
const APP = "app/a/App.class";

const app = (methods: Parameters<typeof javaClass>[1]): AuditTreeSpec => ({ ...JAVA_RUNTIME, [APP]: javaClass("a/App", methods) });
const start = at("/app", "java", "-cp", "/app", "a.App");
/** One that a static initialiser needs. */
const NATIVE = { "<clinit>()V": [...loadLibrary("mine"), END], "go()V": [END] };
const GO = [JVM.STATIC, "a/Native", "go", "()V"] as const;

const module = (name: string, requires: readonly string[]): Buffer =>
  zipFile({ "module-info.class": javaClass("module-info", { module: { name, requires } }), "p/M.class": javaClass("p/M") });
/** A virtual machine with the texts of OpenJDK's. */
const HOTSPOT: AuditTreeSpec = {
  [`${JAVA_LIB}/server/libjvm.so`]: Buffer.concat([library("libjvm.so"), Buffer.from("Unrecognized VM option '%s'\0UseG1GC\0")]),
};

testBroken("Java program's own code", [
  {
    name: "A6: a superclass that is missing",
    tree: app({ superName: "b/Base", methods: { [MAIN]: [END] } }),
    config: start,
    want: "error java-class-missing undefined",
    message: /^The class "a.App" needs "b.Base", which is not in "\/app"$/,
    remedy: /Copy the jar/,
  },
  {
    name: "A6: an interface of a superclass that is missing, behind a wildcard",
    tree: {
      ...app({ superName: "b/Base", methods: { [MAIN]: [END] } }),
      "app/lib/b.jar": zipFile({ "b/Base.class": javaClass("b/Base", { interfaces: ["c/Face"] }) }),
    },
    config: at("/app", "java", "-cp", "/app:/app/lib/*", "a.App"),
    want: "error java-class-missing undefined",
    message: /"b.Base" needs "c.Face", which is not in "\/app", "\/app\/lib\/b.jar"$/,
    remedy: /class path/,
  },
  {
    name: "A6: a class of a dependency that main uses",
    tree: {
      ...JAVA_RUNTIME,
      "app/app.jar": zipFile({
        [MANIFEST]: "Main-Class: a.App\n",
        "a/App.class": javaClass("a/App", { methods: { [MAIN]: [[JVM.STATIC, "dep/Dep", "f", "()V"], END] } }),
      }),
    },
    config: at("/app", "java", "-jar", "app.jar"),
    want: "error java-class-missing undefined",
    message: /"a.App" needs "dep.Dep"/,
    remedy: /Class-Path/,
  },
  {
    name: "A6: a class that is needed behind a branch",
    tree: app({ methods: { [MAIN]: [JVM.ICONST_0, JVM.IFEQ, 0, 3, [JVM.NEW, "b/Base"], END] } }),
    config: start,
    want: "warning java-class-missing undefined",
    message: /whether that code runs, only running it tells/,
    remedy: /Copy the jar/,
  },
  {
    name: "A6: a native library of a class that main uses",
    tree: { ...app({ methods: { [MAIN]: [GO, END] } }), "app/a/Native.class": javaClass("a/Native", { methods: NATIVE }) },
    config: start,
    want: "error java-library-missing undefined",
    message: /^The class "a.Native" loads the native library "libmine.so", which is not in "\/usr\/lib\/jvm\/java-21\/lib", /,
    remedy: /-Djava.library.path/,
  },
  {
    name: "A6: a native library that is no library",
    tree: { ...app({ methods: { [MAIN]: [...loadLibrary("mine"), END] } }), "opt/libmine.so": "file" },
    config: { ...start, Env: ["JAVA_TOOL_OPTIONS=-Djava.library.path=/opt"] },
    want: "error elf-damaged /opt/libmine.so",
    message: /it is no ELF file/,
    remedy: /platform/,
  },
  {
    name: "A6: a module that is missing",
    tree: JAVA_RUNTIME,
    config: at("/app", "java", "-p", "mods", "-m", "m/p.M"),
    want: "error java-module-missing undefined",
    message: /^Java is started with the module "m", which is not in the runtime or "\/app\/mods"$/,
    remedy: /--module-path/,
  },
  {
    name: "A6: a module that another requires",
    tree: { ...JAVA_RUNTIME, "app/mods/m.jar": module("m", ["java.base", "other"]) },
    config: at("/app", "java", "--module-path=mods", "--module=m/p.M"),
    want: "error java-module-missing undefined",
    message: /^The module "m" requires the module "other"/,
    remedy: /--module-path/,
  },
  {
    name: "A6: a module without a main class",
    tree: { ...JAVA_RUNTIME, "app/mods/m.jar": module("m", ["java.base"]) },
    config: at("/app", "java", "-p", "mods", "-m", "m"),
    want: "error java-main-class-missing /app/mods/m.jar",
    message: /names no main class/,
    remedy: /java -m m\/com.example.Main/,
  },
  {
    name: "A6: a class that its module does not have",
    tree: { ...JAVA_RUNTIME, "app/mods/m.jar": module("m", ["java.base"]) },
    config: at("/app", "java", "-p", "mods", "-m", "m/p.N"),
    want: "error java-main-class-missing /app/mods/m.jar",
    message: /the class "p.N" of the module "m"/,
    remedy: /Name a class/,
  },
  {
    name: "A6: --add-modules of what is nowhere",
    tree: app({ methods: { [MAIN]: [END] } }),
    config: at("/app", "java", "--add-modules", "java.sql,nothere", "-cp", "/app", "a.App"),
    want: "error java-module-missing undefined",
    message: /the module "nothere", which is not in the runtime$/,
    remedy: /--module-path/,
  },
  {
    name: "A6: an agent without Premain-Class",
    tree: { ...app({ methods: { [MAIN]: [END] } }), "opt/a.jar": zipFile({ [MANIFEST]: "Main-Class: a.B\n" }) },
    config: at("/app", "java", "-javaagent:/opt/a.jar=x", "-cp", "/app", "a.App"),
    want: "error java-agent-unusable undefined",
    message: /"\/opt\/a.jar", whose manifest has no Premain-Class/,
    remedy: /made to be an agent/,
  },
  {
    name: "A6: a library of -agentlib that is nowhere",
    tree: app({ methods: { [MAIN]: [END] } }),
    config: at("/app", "java", "-agentlib:nope=x", "-cp", "/app", "a.App"),
    want: "error java-agent-unusable undefined",
    message: /"nope", and the image has no "libnope.so"/,
    remedy: /-agentlib/,
  },
  {
    name: "A6: a source file that is missing",
    tree: JAVA_RUNTIME,
    config: at("/app", "java", "Main.java"),
    want: "error java-file-missing /app/Main.java",
    message: /source file "Main.java"/,
    remedy: /without .java/,
  },
  {
    name: "A6: an option of the virtual machine that it does not know",
    tree: { ...app({ methods: { [MAIN]: [END] } }), ...HOTSPOT },
    config: at("/app", "java", "-XX:+UseG1GC", "-XX:+UseNoSuchGC", "-cp", "/app", "a.App"),
    want: "error java-option-unknown undefined",
    message: /"-XX:\+UseNoSuchGC"/,
    remedy: /Correct the option/,
  },
  {
    name: "A6: a file of options that is missing",
    tree: app({ methods: { [MAIN]: [END] } }),
    config: at("/app", "java", "-XX:Flags=/app/flags", "-cp", "/app", "a.App"),
    want: "error java-file-missing /app/flags",
    message: /the file of options "\/app\/flags"/,
    remedy: /Copy it/,
  },
  {
    name: "A6: an argument file in JAVA_TOOL_OPTIONS",
    tree: { ...app({ methods: { [MAIN]: [END] } }), ...HOTSPOT, "app/args": "file" },
    config: { ...start, Env: ["JAVA_TOOL_OPTIONS=@/app/args"] },
    want: "error java-option-unknown undefined",
    message: /"@\/app\/args"/,
    remedy: /JDK_JAVA_OPTIONS/,
  },
]);

testWhole([
  [
    "A6: a native library in LD_LIBRARY_PATH",
    { ...app({ methods: { [MAIN]: [...loadLibrary("mine"), END] } }), "opt/libmine.so": library("libmine.so") },
    { ...start, Env: ["LD_LIBRARY_PATH=/opt"] },
  ],
  [
    "A6: a class and a native library whose absence is caught",
    app({ methods: { [MAIN]: [...loadLibrary("mine"), [JVM.NEW, "b/Base"], END] }, catches: "java/lang/LinkageError" }),
    start,
  ],
  [
    "A6: classes that a manifest of a jar in the class path adds",
    {
      ...app({ superName: "b/Base", methods: { [MAIN]: [END] } }),
      "app/lib/x.jar": zipFile({ [MANIFEST]: "Class-Path: y.jar\n" }),
      "app/lib/y.jar": zipFile({ "b/Base.class": javaClass("b/Base") }),
    },
    at("/app", "java", "-cp", "/app:/app/lib/x.jar", "a.App"),
  ],
  [
    "A6: an agent, which may bring classes",
    { ...app({ superName: "b/Base", methods: { [MAIN]: [END] } }), "opt/a.so": library("a.so") },
    at("/app", "java", "-agentpath:/opt/a.so", "a.App"),
  ],
]);
