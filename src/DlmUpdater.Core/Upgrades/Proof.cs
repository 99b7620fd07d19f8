using System.Collections.Immutable;
using System.Globalization;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Upgrades;

/// <summary>How it is seen that something answers: a start that returns is not a service that answers.</summary>
/// <param name="Service">The service that it proves, which is waited for before the next one is started; null = the band as a whole.</param>
public abstract record Proof(string? Service)
{
    /// <summary>A TCP port takes a connection.</summary>
    public sealed record Tcp(string? Service, string Host, int Port) : Proof(Service)
    {
        /// <inheritdoc/>
        public override string ToString() => $"tcp:{Host}:{Port}";
    }

    /// <summary>A Unix socket takes a connection.</summary>
    public sealed record Unix(string? Service, string Path) : Proof(Service)
    {
        /// <inheritdoc/>
        public override string ToString() => "unix:" + Path;
    }

    /// <summary>A systemd unit is active.</summary>
    public sealed record Unit(string? Service, string Name) : Proof(Service)
    {
        /// <inheritdoc/>
        public override string ToString() => "unit:" + Name;
    }

    /// <summary>A command ends with exit code 0.</summary>
    public sealed record Command(string? Service, ImmutableArray<string> Words) : Proof(Service)
    {
        /// <inheritdoc/>
        public override string ToString() => string.Join(' ', Words);

        /// <inheritdoc/>
        public bool Equals(Command? other) => other is not null && other.Service == Service && other.Words.AsSpan().SequenceEqual(Words.AsSpan());

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(Service, Words.Length);
    }

    /// <summary>Reads <c>tcp:HOST:PORT</c>, <c>unix:PATH</c>, <c>unit:NAME</c> or a command, each with <c>SERVICE=</c> in front or not; several are separated by <c>|</c>.</summary>
    /// <param name="text">As written.</param>
    /// <param name="services">What a proof may name in front.</param>
    /// <param name="proofs">What was read.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static string? Read(string text, IReadOnlyList<string> services, out ImmutableArray<Proof> proofs)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(services);
        proofs = [];
        foreach (string part in text.Split('|', StringSplitOptions.TrimEntries))
        {
            if (part.Length == 0)
                return "has nothing between two |";
            string? service = services.FirstOrDefault(s => part.StartsWith(s + "=", StringComparison.Ordinal));
            string? wrong = One(service, service is null ? part : part[(service.Length + 1)..].Trim(), out Proof? proof);
            if (wrong is not null)
                return wrong;
            proofs = proofs.Add(proof!);
        }

        return null;
    }

    private static string? One(string? service, string text, out Proof? proof)
    {
        proof = null;
        if (text.StartsWith("tcp:", StringComparison.Ordinal))
        {
            int colon = text.LastIndexOf(':');
            string host = colon > 4 ? text[4..colon].Trim('[', ']') : "";
            if (host.Length == 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
                return $"'{text}' is not tcp:HOST:PORT";
            proof = new Tcp(service, host, port);
        }
        else if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            // A name of more than 107 bytes does not fit into a socket's address.
            if (text.Length < 7 || text[5] != '/' || text.Length > 5 + 107)
                return $"'{text}' is not unix: and an absolute path of at most 107 characters";
            proof = new Unix(service, text[5..]);
        }
        else if (text.StartsWith("unit:", StringComparison.Ordinal))
        {
            if (text.Length == 5 || text.Contains(' '))
                return $"'{text}' is not unit: and the name of a unit";
            proof = new Unit(service, text[5..]);
        }
        else if (!CommandWords.TrySplit(text, out ImmutableArray<string> words, out string? error))
        {
            return $"'{text}' {error}";
        }
        else if (words[0].Contains('=') || !(words[0].StartsWith('/') || words[0].IndexOfAny(['/', ':']) < 0))
        {
            return $"'{text}' is neither tcp:HOST:PORT, unix:PATH, unit:NAME nor a command, and names no service of the band in front of =";
        }
        else
        {
            proof = new Command(service, words);
        }

        return null;
    }
}
