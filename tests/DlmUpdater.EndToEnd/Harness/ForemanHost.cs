namespace DlmUpdater.EndToEnd.Harness;

/// <summary>Makes sandboxes hosts of a Foreman.</summary>
internal static class ForemanHost
{
    internal const string A = "a.example";
    internal const string B = "b.example";

    /// <summary>A host with a certificate of its own, and with short waits: a grant counts at once, an absent server is asked for a
    /// second.</summary>
    /// <param name="name">Its name in the certificate.</param>
    /// <param name="fleet">The host whose lock mirror and script log it shares; null = its own.</param>
    internal static Sandbox Make(string name = A, Sandbox? fleet = null)
    {
        var host = new Sandbox(name, fleet);
        Sandbox.MakeDirectory(host.LockDirectory);
        return host.Set("file", "directory", null).Set("lock", "holder", null)
            .Set("lock", "service", "foreman").Set("lock", "name", ForemanServer.LockName)
            .Set("lock", "confirm_after", "0s").Set("lock", "retry_interval", "1s").Set("lock", "wait_max", "1s");
    }

    /// <summary>Gives the host certificate, key and CA of this server, and its address.</summary>
    internal static Sandbox Joins(this Sandbox host, ForemanServer server)
    {
        (string certificate, string key, string ca) = Certificate(host, server, host.Holder);
        return host.Set("foreman", "url", server.Url).Set("foreman", "ca", ca)
            .Set("foreman", "client_crt", certificate).Set("foreman", "client_key", key);
    }

    /// <summary>Writes the three files, the key for root alone; their paths.</summary>
    internal static (string Certificate, string Key, string Ca) Certificate(Sandbox host, ForemanServer server, string name)
    {
        string directory = host.Root + "/ssl";
        Sandbox.MakeDirectory(directory);
        var (certificate, key) = server.Authority.Issue(name);
        File.WriteAllText($"{directory}/{name}.pem", certificate);
        File.WriteAllText($"{directory}/{name}.key", key);
        File.SetUnixFileMode($"{directory}/{name}.key", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText($"{directory}/ca.crt", server.Authority.Pem);
        return ($"{directory}/{name}.pem", $"{directory}/{name}.key", $"{directory}/ca.crt");
    }
}
