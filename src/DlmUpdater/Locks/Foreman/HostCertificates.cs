using System.Text;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.Foreman;

/// <summary>Finds the certificate that another agent keeps for this host.</summary>
/// <param name="root">What stands before every path: empty but in tests.</param>
/// <param name="hostName">The kernel's name of this host.</param>
internal sealed class HostCertificates(string root, string hostName)
{
    private static readonly string[] PuppetDirectories = ["/etc/puppetlabs/puppet/ssl", "/var/lib/puppet/ssl", "/etc/puppet/ssl"];

    /// <summary>What Puppet's vardir may be where puppet.conf does not say.</summary>
    private static readonly string[] PuppetVariable = ["/opt/puppetlabs/puppet/cache", "/var/lib/puppet", "/var/cache/puppet"];

    private static readonly string[] PuppetConfigurations = ["/etc/puppetlabs/puppet/puppet.conf", "/etc/puppet/puppet.conf"];

    /// <summary>The files, or null and one line with all that was tried.</summary>
    internal ClientCertificate.Files? Find(ClientCertificate configured, out string why)
    {
        why = "";
        if (configured is ClientCertificate.Files files) return files;
        var tried = new List<string>();
        if (configured is ClientCertificate.OfRhsm)
        {
            if (Pair(root + "/etc/pki/consumer/cert.pem", root + "/etc/pki/consumer/key.pem", tried) is { } consumer) return consumer;
            why = $"client_crt = rhsm: this host has no consumer certificate (tried {string.Join(", ", tried)}): register it with subscription-manager, or name the files";
            return null;
        }

        (string? certname, IReadOnlyList<string> directories) = PuppetConfiguration();
        string name = certname ?? hostName.ToLowerInvariant();
        foreach (string directory in directories.Count > 0 ? directories : PuppetDirectories)
        {
            if (Pair(Certificate(directory, name), Key(directory, name), tried) is { } exact) return exact;
            // A host that calls itself only by its first name has a certificate for the whole one.
            if (certname is null && !name.Contains('.') && OnlyOneOf(directory, name, tried) is { } longer) return longer;
        }

        why = $"client_crt = puppet: no certificate with its key is found for '{name}' (tried {string.Join(", ", tried)}): "
            + "run puppet agent once, set certname in puppet.conf, or name the files with client_crt and client_key";
        return null;
    }

    private string Certificate(string directory, string name) => $"{root}{directory}/certs/{name}.pem";

    private string Key(string directory, string name) => $"{root}{directory}/private_keys/{name}.pem";

    private static ClientCertificate.Files? Pair(string certificate, string key, List<string> tried)
    {
        tried.Add(File.Exists(certificate) ? key : certificate);
        return File.Exists(certificate) && File.Exists(key) ? new ClientCertificate.Files(certificate, key) : null;
    }

    private ClientCertificate.Files? OnlyOneOf(string directory, string name, List<string> tried)
    {
        tried.Add(Certificate(directory, name + ".*"));
        try
        {
            string[] found = [.. Directory.GetFiles($"{root}{directory}/private_keys", name + ".*.pem").Select(p => Path.GetFileNameWithoutExtension(p))
                .Where(n => File.Exists(Certificate(directory, n)))];
            return found.Length == 1 ? new ClientCertificate.Files(Certificate(directory, found[0]), Key(directory, found[0])) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>certname and ssldir of puppet.conf: those of [agent], else those of [main].</summary>
    private (string? CertName, IReadOnlyList<string> Directories) PuppetConfiguration()
    {
        foreach (string path in PuppetConfigurations)
        {
            if (RegularFile.Read(root + path, 1 << 20) is not FileReading.Content content) continue;
            var values = new Dictionary<string, string>();
            string section = "main";
            foreach (string raw in Encoding.UTF8.GetString(content.Bytes).Split('\n'))
            {
                string line = raw.Trim();
                if (line.StartsWith('[') && line.EndsWith(']')) section = line[1..^1].Trim();
                int equals = line.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0 && line[0] != '#') values[$"{section}/{line[..equals].Trim()}"] = line[(equals + 1)..].Split('#')[0].Trim();
            }

            string? Value(string key) => values.GetValueOrDefault("agent/" + key) ?? values.GetValueOrDefault("main/" + key);
            string? name = Value("certname")?.ToLowerInvariant();
            if (name is not null && (name.Length == 0 || name.Contains('/') || name.Contains('$'))) name = null;
            if (name is null && Value("ssldir") is null) continue;
            return (name, Directories(Value("ssldir"), Path.GetDirectoryName(path)!, Value("vardir")));
        }

        return (null, []);
    }

    /// <summary>What an ssldir can mean; empty if none is set, or it is built from what only Puppet knows.</summary>
    private static IReadOnlyList<string> Directories(string? directory, string configuration, string? variable)
    {
        if (directory is null) return [];
        directory = directory.Replace("$confdir", configuration, StringComparison.Ordinal).TrimEnd('/');
        IEnumerable<string> all = directory.Contains("$vardir", StringComparison.Ordinal)
            ? (variable is null ? PuppetVariable : [variable]).Select(v => directory.Replace("$vardir", v, StringComparison.Ordinal))
            : [directory];
        return [.. all.Where(d => d.StartsWith('/') && !d.Contains('$'))];
    }
}
