using System.Collections.Immutable;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Cli.Locksmith;

/// <summary>The flags of <c>locksmithctl</c>, and the words after them. Each flag may also come from the environment, as LOCKSMITHCTL_ and its name in
/// capitals; a flag wins. Unlike there, endpoints from the environment replace the default ones, and do not stand beside them.</summary>
internal sealed record LocksmithFlags
{
    private static readonly ImmutableArray<string> DefaultEndpoints = ["http://127.0.0.1:2379", "http://127.0.0.1:4001"];

    private static readonly string[] Texts =
        ["endpoint", "etcd-keyfile", "etcd-certfile", "etcd-cafile", "etcd-username", "etcd-password", "group", "api"];

    private static readonly string[] Switches = ["debug", "version", "help", "h"];

    private readonly Dictionary<string, List<string>> _values = [];

    /// <summary>What follows the flags: the command and its arguments.</summary>
    internal ImmutableArray<string> Words { get; private init; } = [];

    /// <summary>True for <c>-version</c>.</summary>
    internal bool Version => IsOn("version");

    /// <summary>True for <c>-help</c>.</summary>
    internal bool Help => IsOn("help") || IsOn("h");

    /// <summary>Reads the command line; null, and one line that says what is wrong with it.</summary>
    /// <param name="args">Without the program's name.</param>
    /// <param name="environment">The value of a variable, or null.</param>
    /// <param name="why">What is wrong.</param>
    internal static LocksmithFlags? Read(IReadOnlyList<string> args, Func<string, string?> environment, out string why)
    {
        why = "";
        var flags = new LocksmithFlags();
        int i = 0;
        for (; i < args.Count && args[i] is ['-', _, ..]; i++)
        {
            string text = args[i].TrimStart('-');
            if (args[i] == "--" || text.Length == 0)
            {
                i++;
                break;
            }

            int equals = text.IndexOf('=', StringComparison.Ordinal);
            (string name, string? value) = equals < 0 ? (text, null) : (text[..equals], text[(equals + 1)..]);
            if (Array.IndexOf(Switches, name) >= 0) flags.Add(name, value ?? "true");
            else if (Array.IndexOf(Texts, name) < 0) why = $"flag provided but not defined: -{name}";
            else if (value is not null || i + 1 < args.Count) flags.Add(name, value ?? args[++i]);
            else why = $"flag needs an argument: -{name}";
            if (why.Length > 0) return null;
        }

        foreach (string name in (string[])[.. Texts, .. Switches])
        {
            if (!flags._values.ContainsKey(name) && environment("LOCKSMITHCTL_" + name.ToUpperInvariant().Replace('-', '_')) is { Length: > 0 } value)
                flags.Add(name, value);
        }

        return flags with { Words = [.. args.Skip(i)] };
    }

    /// <summary>The etcd that they name; null, and why it cannot be asked.</summary>
    internal EtcdSettings? Etcd(out string why)
    {
        ImmutableArray<string> endpoints = [.. All("endpoint").SelectMany(e => e.Split(',')).Select(e => e.Trim().TrimEnd('/')).Where(e => e.Length > 0)];
        string? certificate = One("etcd-certfile"), key = One("etcd-keyfile"), user = One("etcd-username"), api = One("api") ?? "v2";
        why = "";
        if (api is not ("v2" or "v3")) why = $"-api is v2 or v3, not '{api}'";
        else if (certificate is null != (key is null)) why = "-etcd-certfile and -etcd-keyfile go together: give both";
        else if (endpoints.FirstOrDefault(e => !Uri.TryCreate(e, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https")) is { } wrong)
            why = $"-endpoint {wrong} is no http:// or https:// address";
        if (why.Length > 0) return null;
        foreach (string? path in (string?[])[One("etcd-cafile"), certificate, key])
        {
            if (path is not null && WorkingDirectory.For(path, out why) is null) return null;
        }

        string? group = One("group");
        return new EtcdSettings
        {
            Endpoints = endpoints.IsEmpty ? DefaultEndpoints : endpoints,
            Api = api == "v2" ? 2 : 3,
            Layout = api == "v2" ? EtcdLayout.Locksmith : EtcdLayout.Airlock,
            Group = api == "v2" ? group : group ?? "default",
            Ca = Absolute(One("etcd-cafile")),
            Certificate = certificate is null ? null : new ClientCertificate.Files(Absolute(certificate)!, Absolute(key)!),
            Login = user is null ? null : new Login(user, new SecretText(One("etcd-password") ?? "")),
        };
    }

    private static string? Absolute(string? path) => path is null ? null : Path.GetFullPath(path);

    private bool IsOn(string name) => One(name) is { } value && value is not ("false" or "0");

    private string? One(string name) => _values.TryGetValue(name, out List<string>? values) && values[^1].Length > 0 ? values[^1] : null;

    private List<string> All(string name) => _values.GetValueOrDefault(name) ?? [];

    private void Add(string name, string value)
    {
        if (!_values.TryGetValue(name, out List<string>? values)) _values[name] = values = [];
        values.Add(value);
    }
}
