/** Java programs: what is found where something is missing. */
import { at, JAVA, testBroken, testWhole } from "../../../test/support/broken-images.ts";
import { zipFile } from "../../../test/support/zip-file.ts";

const MANIFEST = "META-INF/MANIFEST.MF";

testBroken("Java program", [
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
