package example;

import java.nio.charset.Charset;
import java.security.KeyStore;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Says what the base gives to a program: the version, the charset, and how many authorities Java trusts. */
public final class Main {
    public static void main(String[] args) throws Exception {
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        var authorities = ((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers().length;
        System.out.printf("java %d, %s, authorities: %s%n",
                Runtime.version().feature(), Charset.defaultCharset(), authorities > 100 ? "over 100" : authorities);
    }
}
