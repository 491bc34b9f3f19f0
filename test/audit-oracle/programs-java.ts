/** Java programs: those of Debian's packages, as people start them. */
import type { Program } from "./types.ts";

/** Debian packages that the programs need, on top of java21-debian13. */
export const JAVA_PACKAGES: readonly string[] = (
  "ant antlr4 bsh checkstyle clojure fop groovy jflex junit4 libbatik-java libcommons-cli-java libderby-java libfreemarker-java libguava-java libh2-java " +
  "libjansi-java libjline3-java libjna-java libpicocli-java libproguard-java libsaxonhe-java libsnappy-java libxalan2-java libxerial-sqlite-jdbc-java " +
  "openjdk-21-jre pdftk-java rhino velocity"
).split(" ");

const JARS = "/usr/share/java";

function program(name: string, args: readonly string[], more: Partial<Program> = {}): Program {
  return { kind: "java", name: `java ${name}`, files: {}, args: ["/usr/bin/java", ...args], ...more };
}

const clojure = (name: string, code: string): Program =>
  program(name, ["-cp", `${JARS}/clojure.jar:${JARS}/core.specs.alpha.jar:${JARS}/spec.alpha.jar`, "clojure.main", "-e", code]);

/** All of them. */
export const JAVA_PROGRAMS: readonly Program[] = [
  program("--version", ["--version"]),
  program("ant", ["-cp", `${JARS}/ant-launcher.jar`, "org.apache.tools.ant.launch.Launcher", "-version"]),
  program("ant by class path", ["-cp", `${JARS}/ant.jar:${JARS}/ant-launcher.jar`, "org.apache.tools.ant.Main", "-version"]),
  program("groovy", ["-cp", `${JARS}/groovy-all.jar`, "groovy.ui.GroovyMain", "-v"]),
  program("bsh", ["-cp", `${JARS}/bsh.jar`, "bsh.Interpreter", "/app/main.bsh"], { files: { "app/main.bsh": 'print("ok");\n' } }),
  program("bsh with java.awt", ["-Djava.awt.headless=true", "-cp", `${JARS}/bsh.jar`, "bsh.Interpreter", "/app/main.bsh"], {
    files: {
      "app/main.bsh":
        'image = new java.awt.image.BufferedImage(9, 9, 1);\ntry { image.createGraphics().drawString("x", 1, 8); } catch (Throwable e) { print(e); System.exit(3); }\nSystem.exit(0);\n',
    },
  }),
  program("rhino", ["-cp", `${JARS}/rhino.jar`, "org.mozilla.javascript.tools.shell.Main", "-e", "print(1)"]),
  program("h2", ["-cp", `${JARS}/h2.jar`, "org.h2.tools.Shell", "-url", "jdbc:h2:mem:a", "-sql", "select 1"]),
  program("saxon", ["-cp", `${JARS}/Saxon-HE.jar`, "net.sf.saxon.Query", "-qs:1+1"]),
  program("jflex", ["-jar", `${JARS}/jflex.jar`, "--version"]),
  program("xalan", ["-cp", `${JARS}/xalan2.jar:${JARS}/serializer.jar`, "org.apache.xalan.Version"]),
  program("antlr4", ["-cp", `${JARS}/antlr4.jar:${JARS}/*`, "org.antlr.v4.Tool"]),
  clojure("clojure", "(println 1)"),
  clojure(
    "clojure with sockets and security",
    "(do (java.security.SecureRandom.) (java.net.InetAddress/getLoopbackAddress) (System/exit 0))",
  ),
  program("checkstyle", ["-cp", `${JARS}/checkstyle.jar:${JARS}/*`, "com.puppycrawl.tools.checkstyle.Main", "--version"]),
  program("pdftk", ["-cp", `${JARS}/*:/usr/share/pdftk/pdftk.jar`, "com.gitlab.pdftk_java.pdftk", "--version"]),
  program("commons-cli by bsh", ["-cp", `${JARS}/bsh.jar:${JARS}/commons-cli.jar`, "bsh.Interpreter", "/app/main.bsh"], {
    files: { "app/main.bsh": "new org.apache.commons.cli.Options();\n" },
  }),
  program("an argument file", ["@/app/args"], {
    files: { "app/args": `# ours\n-cp ${JARS}/bsh.jar\nbsh.Interpreter /app/main.bsh\n`, "app/main.bsh": 'print("ok");\n' },
  }),
  program("options of the environment", ["bsh.Interpreter", "/app/main.bsh"], {
    env: [`JDK_JAVA_OPTIONS=-cp ${JARS}/bsh.jar`, "JAVA_TOOL_OPTIONS=-Xmx256m"],
    files: { "app/main.bsh": 'print("ok");\n' },
  }),
  program("CLASSPATH", ["bsh.Interpreter", "/app/main.bsh"], { env: [`CLASSPATH=${JARS}/*`], files: { "app/main.bsh": 'print("ok");\n' } }),
  program("junit", ["-cp", `${JARS}/junit4.jar:${JARS}/hamcrest.jar`, "org.junit.runner.JUnitCore"]),
  program("ivy", ["-jar", `${JARS}/ivy.jar`, "-version"]),
];
