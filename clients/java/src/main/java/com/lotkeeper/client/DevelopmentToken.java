package com.lotkeeper.client;

import io.grpc.CallCredentials;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserPrincipal;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/**
 * The token of a development server on this machine, {@code lotkeeper-server run}, for callers who have none. The server leaves it in
 * a file that only its user can read. Nothing of it is shown to whoever listens: the server proves first that it made it, and
 * calls then carry a token that is good for that one process.
 */
final class DevelopmentToken extends CallCredentials {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final int OTHERS = 0_077;
  private static final int OTHERS_WRITE = 0_022;
  private static final int FILE_BYTES_MAX = 4_096;

  private final Path folder;
  private final Map<String, Session> sessions = new ConcurrentHashMap<>();

  private DevelopmentToken(Path folder) {
    this.folder = folder;
  }

  static DevelopmentToken ofEnvironment(Map<String, String> environment) {
    String state = environment.getOrDefault("XDG_STATE_HOME", "");
    Path base = state.isEmpty() ? Path.of(System.getProperty("user.home"), ".local", "state") : Path.of(state);
    return new DevelopmentToken(base.resolve("lotkeeper").resolve("tokens"));
  }

  @Override
  public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
    SocketAddress leadsTo = request.getTransportAttrs().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    executor.execute(() -> apply(leadsTo, applier));
  }

  private void apply(SocketAddress leadsTo, MetadataApplier applier) {
    Metadata headers = new Metadata();
    try {
      String session = BearerToken.isLoopback(leadsTo) ? session((InetSocketAddress) leadsTo) : null;
      if (session != null) {
        headers.put(AUTHORIZATION, "Bearer " + session);
      }
    } catch (StatusRuntimeException fault) {
      applier.fail(fault.getStatus());
      return;
    } catch (IOException | RuntimeException fault) {
      String text = "the development token is not used: " + fault.getMessage();
      applier.fail(Status.UNAUTHENTICATED.withDescription(text).withCause(fault));
      return;
    }
    applier.apply(headers);
  }

  /** The token for the process that listens there; null where there is no development server. */
  private String session(InetSocketAddress server) throws IOException {
    boolean isVersion6 = server.getAddress() instanceof Inet6Address;
    String host = isVersion6 ? "::1" : server.getAddress().getHostAddress();
    String address = (isVersion6 ? "[::1]" : host) + ":" + server.getPort();
    Path file = folder.resolve(host.replace(':', '-') + "_" + server.getPort());
    FileTime modified;
    try {
      modified = Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException none) {
      return null;
    }
    Session known = sessions.get(address);
    if (known != null && known.modified.equals(modified)) {
      return known.token;
    }
    synchronized (this) { // one asks, the others wait for it
      known = sessions.get(address);
      if (known == null || !known.modified.equals(modified)) {
        known = new Session(modified, DevelopmentProof.session(address, content(file), file));
        sessions.put(address, known);
      }
      return known.token;
    }
  }

  private String content(Path file) throws IOException {
    proveIsOwn(folder, OTHERS_WRITE, "others may write there");
    proveIsOwn(file, OTHERS, "it can be read or written by others");
    Map<String, Object> seen = Files.readAttributes(file, "unix:isRegularFile,nlink,size", LinkOption.NOFOLLOW_LINKS);
    boolean isSmall = ((Long) seen.get("size")) <= FILE_BYTES_MAX;
    if (!Boolean.TRUE.equals(seen.get("isRegularFile")) || !seen.get("nlink").equals(1) || !isSmall) {
      throw new IOException(file + " is not a file of its own");
    }
    return Files.readString(file, StandardCharsets.US_ASCII).strip();
  }

  private static void proveIsOwn(Path path, int forbidden, String why) throws IOException {
    UserPrincipal me =
        FileSystems.getDefault()
            .getUserPrincipalLookupService()
            .lookupPrincipalByName(System.getProperty("user.name"));
    if (!Objects.equals(me, Files.getOwner(path, LinkOption.NOFOLLOW_LINKS))) {
      throw new IOException(path + " belongs to somebody else");
    }
    int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    if ((mode & forbidden) != 0) {
      throw new IOException(path + " is not safe: " + why);
    }
  }

  private static final class Session {
    private final FileTime modified;
    private final String token;

    Session(FileTime modified, String token) {
      this.modified = modified;
      this.token = token;
    }
  }
}
