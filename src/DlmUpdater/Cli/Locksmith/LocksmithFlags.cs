using System.Collections.Immutable;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Cli.Locksmith;

/// <summary>The flags of <c>locksmithctl</c>, and the words after them. Each flag may also come from the environment, as LOCKSMITHCTL_ and its name in
/// capitals; a flag has precedence, also one with an empty value. Unlike in 0.6.2, and as in Flatcar's, endpoints from the environment replace the
/// default ones.</summary>
internal sealed class LocksmithFlags
{
    private static readonly ImmutableArray<string> DefaultEndpoints = ["http://127.0.0.1:2379", "http://127.0.0.1:4001"];

    private static readonly string[] Texts =
        ["endpoint", "etcd-keyfile", "etcd-certfile", "etcd-cafile", "etcd-username", "etcd-password", "group", "api"];

    private static readonly string[] Switches = ["debug", "version"];

    private const int LargestFile = 1 << 20;

    private readonly GoFlags _flags;

    private LocksmithFlags(GoFlags flags, bool isVersion) => (_flags, IsVersion) = (flags, isVersion);

    /// <summary>What follows the flags: the command and its arguments.</summary>
    internal string[] Words => _flags.Words;

    /// <summary>True for <c>-version</c> on the command line; the environment cannot ask for it.</summary>
    internal bool IsVersion { get; }

    /// <summary>What is wrong, or <see cref="GoFlags.HelpRequested"/>; null if all is well.</summary>
    internal string? Error => _flags.Error;

    /// <summary>Reads the command line and the environment. A switch in the environment that is neither true nor false is ignored.</summary>
    /// <param name="args">Without the program's name.</param>
    /// <param name="environment">The value of a variable, or null.</param>
    internal static LocksmithFlags Read(IReadOnlyList<string> args, Func<string, string?> environment)
    {
        GoFlags flags = GoFlags.Parse(args, Texts, Switches);
        bool isVersion = flags.IsOn("version");
        foreach (string name in (string[])[.. Texts, .. Switches])
        {
            if (!flags.IsGiven(name) && environment("LOCKSMITHCTL_" + name.ToUpperInvariant().Replace('-', '_')) is { Length: > 0 } value)
                _ = flags.TrySet(name, value, Switches);
        }

        return new LocksmithFlags(flags, isVersion);
    }

    /// <summary>The etcd that they name; null, and why it cannot be used.</summary>
    internal EtcdSettings? Etcd(out string why)
    {
        string? certificate = One("etcd-certfile"), key = One("etcd-keyfile"), ca = One("etcd-cafile"), user = One("etcd-username"), api = One("api") ?? "v2";
        string? group = One("group");
        ImmutableArray<string> endpoints = Endpoints(out why);
        if (why.Length > 0) return null;
        foreach (string? path in (string?[])[certificate, key, ca])
        {
            if (path is not null && WorkingDirectory.For(path, out why) is null) return null;
        }

        // Each named file must be readable, also if no endpoint is https://: what was meant to be protected is not sent in the clear by a typing error.
        why = Unreadable(certificate) ?? Unreadable(key) ?? Unreadable(ca)
            ?? (certificate is null != (key is null) ? "-etcd-certfile and -etcd-keyfile go together: give both" : null)
            ?? (api is "v2" or "v3" ? null : $"-api is v2 or v3, not {GoText.Quote(api)}")
            ?? EtcdGroup.Wrong(group ?? "") ?? "";
        if (why.Length > 0) return null;
        return new EtcdSettings
        {
            Endpoints = endpoints,
            Api = api == "v2" ? 2 : 3,
            Layout = api == "v2" ? EtcdLayout.Locksmith : EtcdLayout.Airlock,
            Group = api == "v2" ? group : group ?? "default",
            Ca = Absolute(ca),
            Certificate = certificate is null ? null : new ClientCertificate.Files(Absolute(certificate)!, Absolute(key)!),
            Login = user is null ? null : new Login(user, new SecretText(One("etcd-password") ?? "")),
        };
    }

    /// <summary>Where etcd is. Of several, one that cannot be used is passed over, as one that does not answer.</summary>
    private ImmutableArray<string> Endpoints(out string why)
    {
        why = "";
        if (!_flags.IsGiven("endpoint")) return DefaultEndpoints;
        var usable = ImmutableArray.CreateBuilder<string>();
        string? wrong = null;
        foreach (string one in _flags.All("endpoint").SelectMany(list => list.Split(',')))
        {
            string endpoint = one.Trim();
            if (Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https") usable.Add(endpoint.TrimEnd('/'));
            else if (IsHostAndPort(endpoint)) why = $"parse {GoText.Quote(endpoint)}: first path segment in URL cannot contain colon";
            else wrong ??= endpoint;
        }

        if (why.Length == 0 && usable.Count == 0)
            why = $"client: etcd cluster is unavailable or misconfigured; error #0: -endpoint {GoText.Quote(wrong!)} is not an http:// or https:// address";
        return usable.ToImmutable();
    }

    /// <summary>An address without its scheme, such as <c>127.0.0.1:2379</c>, which Go refuses as a URL.</summary>
    private static bool IsHostAndPort(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal), slash = text.IndexOf('/', StringComparison.Ordinal);
        return colon >= 0 && (slash < 0 || colon < slash) && !char.IsAsciiLetter(text[0]);
    }

    private static string? Unreadable(string? path) => path is null ? null : RegularFile.Read(Path.GetFullPath(path), LargestFile) switch
    {
        FileReading.Content => null,
        FileReading.Missing => $"open {path}: no such file or directory",
        FileReading.NotAFile not => $"open {path}: {not.What}",
        FileReading.Failed failed => $"open {path}: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(failed.Errno).ToLowerInvariant()}",
        _ => throw new InvalidOperationException("no rule for this reading"),
    };

    private static string? Absolute(string? path) => path is null ? null : Path.GetFullPath(path);

    private string? One(string name) => _flags.All(name).LastOrDefault() is { Length: > 0 } value ? value : null;
}
