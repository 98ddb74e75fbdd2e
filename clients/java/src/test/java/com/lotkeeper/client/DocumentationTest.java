package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.lotkeeper.client.testing.LotkeeperServer;
import java.io.File;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The page of the client as a newcomer reads it: every block is compiled, and run in order against a real server. */
class DocumentationTest {
  private static final Path PAGE = Path.of("..", "..", "docs", "java.md");
  private static final Pattern BLOCK =
      Pattern.compile(
          "<!-- java(?<only>, compiled only)? -->\n```java\n(?<code>.*?)```(?:\n+<!-- prints -->\n```\\w*\n(?<printed>.*?)```)?",
          Pattern.DOTALL);
  private static final String BETWEEN = "---next---";

  private static final class Block {
    final boolean runs;
    final String code;
    final String printed;

    Block(Matcher found) {
      runs = found.group("only") == null;
      code = found.group("code");
      printed = found.group("printed") == null ? "" : found.group("printed").strip();
    }
  }

  private static List<Block> blocks() throws Exception {
    List<Block> blocks = new ArrayList<>();
    Matcher found = BLOCK.matcher(Files.readString(PAGE));
    while (found.find()) {
      blocks.add(new Block(found));
    }
    return blocks;
  }

  /** One class of all blocks: its main runs them in order. */
  private static String source(List<Block> blocks) {
    TreeSet<String> imports = new TreeSet<>();
    StringBuilder methods = new StringBuilder();
    StringBuilder main = new StringBuilder();
    for (int number = 0; number < blocks.size(); number++) {
      Block block = blocks.get(number);
      String body =
          block.code.lines().filter(line -> !line.startsWith("import ")).collect(Collectors.joining("\n"));
      block.code.lines().filter(line -> line.startsWith("import ")).forEach(imports::add);
      methods.append("static void block").append(number).append("() throws Exception {\n").append(body).append("\n}\n");
      if (block.runs) {
        main.append("block").append(number).append("(); System.out.println(\"" + BETWEEN + "\");\n");
      }
    }
    return String.join("\n", imports) + "\npublic class Page {\n" + methods
        + "public static void main(String[] none) throws Exception {\n" + main + "}\n}\n";
  }

  private static void compile(Path source) throws Exception {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter said = new StringWriter();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      List<String> options = List.of("-classpath", System.getProperty("java.class.path"), "-d", source.getParent().toString());
      boolean compiled =
          compiler.getTask(said, files, null, options, null, files.getJavaFileObjects(source.toFile())).call();
      assertTrue(compiled, said::toString);
    }
  }

  @Test
  @Timeout(400)
  void everyBlockOfThePageRuns(@TempDir Path folder) throws Exception {
    List<Block> blocks = blocks();
    assertTrue(blocks.size() >= 8, "blocks: " + blocks.size());
    Path source = Files.writeString(folder.resolve("Page.java"), source(blocks));
    compile(source);
    String classes = System.getProperty("java.class.path") + File.pathSeparator + folder;
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    try (LotkeeperServer server = LotkeeperServer.start()) {
      ProcessBuilder program =
          new ProcessBuilder(
              java, "-Dlotkeeper.server=" + System.getProperty("lotkeeper.server"), "-cp", classes, "Page");
      Map<String, String> environment = program.environment();
      environment.keySet().removeIf(name -> name.startsWith("LOTKEEPER_"));
      environment.put("LOTKEEPER_ADDRESS", server.address());
      environment.put("LOTKEEPER_TOKEN", server.token());
      Path errors = folder.resolve("errors.txt");
      Process process = program.redirectError(errors.toFile()).start();
      String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(process.waitFor(200, TimeUnit.SECONDS));
      assertEquals(0, process.exitValue(), () -> printed + read(errors));
      String[] parts = printed.split(BETWEEN + "\n");
      int part = 0;
      for (Block block : blocks) {
        if (block.runs) {
          String pattern = Pattern.quote(block.printed).replace("…", "\\E[^\n]*\\Q");
          String said = parts[part++].strip();
          assertTrue(said.matches(pattern), "printed:\n" + said + "\nby:\n" + block.code);
        }
      }
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (java.io.IOException absent) {
      return "";
    }
  }
}
