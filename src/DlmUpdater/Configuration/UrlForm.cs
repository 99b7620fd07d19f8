using System.Net;

namespace DlmUpdater.Configuration;

/// <summary>The URL of a lock service.</summary>
internal static class UrlForm
{
    /// <summary>Reads an http or https URL; the slash at its end goes.</summary>
    internal static string? Read(string text, out string value)
    {
        value = "";
        // A user's password may stand in a wrong URL, so complaints do not repeat what was written.
        foreach (char c in text)
        {
            if (char.IsWhiteSpace(c) || c is '\\' or '"' or '<' or '>')
                return "the URL holds white space or a character that no URL may hold";
            if (c == '@')
                return "the URL holds a user: it would end in logs; give credentials with keys of their own";
            if (c is '?' or '#')
                return $"the URL holds a {c}: write only scheme, host and path";
        }

        bool http = text.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
        if (!http && !text.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            return "the URL begins with neither https:// nor http://";
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Host.Length == 0 || url.Port is < 1 or > 65535)
            return "the URL has no valid host and port: write it like https://lock.example.com:8443";
        value = text.TrimEnd('/');
        return null;
    }

    /// <summary>True if what is sent to <paramref name="url"/> can be read on the way.</summary>
    internal static bool IsPlain(string url) => url.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    /// <summary>True if <paramref name="url"/> does not leave this host.</summary>
    internal static bool IsLoopback(string url)
    {
        string host = new Uri(url).IdnHost;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ||
            (IPAddress.TryParse(host, out IPAddress? ip) && IPAddress.IsLoopback(ip));
    }
}
