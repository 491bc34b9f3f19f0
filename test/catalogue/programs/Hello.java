import java.awt.Font;
import java.awt.font.FontRenderContext;
import java.nio.charset.Charset;
import java.security.KeyStore;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Encodings, trust and fonts: what users of Java miss in small images. */
public class Hello {
  public static void main(String[] args) throws Exception {
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    int count = ((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers().length;
    System.setProperty("java.awt.headless", "true");
    boolean fonts = new Font("DejaVu Sans", Font.PLAIN, 12).getStringBounds("width", new FontRenderContext(null, true, true)).getWidth() > 0;
    System.out.println("java " + Runtime.version().feature() + ", " + System.getProperty("user.name") + ", " + Charset.defaultCharset() + " ö, "
        + (count > 100 ? "over 100" : count) + " authorities, fonts: " + fonts);
  }
}
