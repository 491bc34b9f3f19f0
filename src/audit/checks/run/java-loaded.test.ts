/** Java programs whose own classes, native libraries or modules are missing. */
import { at, type AuditTreeSpec, JAVA_RUNTIME, library, testBroken, testWhole } from "../../../../test/support/broken-images.ts";
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
