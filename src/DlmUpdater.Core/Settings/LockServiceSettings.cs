using System.Collections.Immutable;

namespace DlmUpdater.Core.Settings;

/// <summary>The certificate with which this host shows who it is.</summary>
public abstract record ClientCertificate
{
    /// <summary>A PEM certificate and its PEM key, absolute paths.</summary>
    public sealed record Files(string Certificate, string Key) : ClientCertificate;

    /// <summary><c>client_crt = puppet</c>: the host's own certificate in Puppet's ssl directory.</summary>
    public sealed record OfPuppet : ClientCertificate;

    /// <summary><c>client_crt = rhsm</c>: the consumer identity of subscription-manager.</summary>
    public sealed record OfRhsm : ClientCertificate;
}

/// <summary>A user of a service and the password.</summary>
public sealed record Login(string User, SecretText Password);

/// <summary><c>[foreman]</c></summary>
public sealed record ForemanSettings
{
    /// <summary>Where Foreman answers, without a slash at the end: <c>https://foreman.example.com</c>.</summary>
    public required string Url { get; init; }

    /// <summary>The host's certificate; null = none, and then Foreman refuses to lock.</summary>
    public ClientCertificate? Certificate { get; init; }

    /// <summary>PEM file of the CAs that are trusted, absolute; null = those of the system.</summary>
    public string? Ca { get; init; }

    /// <summary>The proxy's URL; null = none.</summary>
    public string? Proxy { get; init; }

    /// <summary>A Foreman user, for admin verbs only; null = none.</summary>
    public Login? Admin { get; init; }
}

/// <summary><c>[dlmengine]</c></summary>
public sealed record DlmEngineSettings
{
    /// <summary>Where DLMEngine answers, the part before <c>/api</c>, without a slash at the end.</summary>
    public required string Url { get; init; }

    /// <summary>The version of its API: 2, or 1.</summary>
    public int Api { get; init; } = 2;

    /// <summary>The id of the credential.</summary>
    public required string SecretId { get; init; }

    /// <summary>The secret of the credential.</summary>
    public required SecretText Secret { get; init; }

    /// <summary>PEM file of the CAs that are trusted, absolute; null = those of the system.</summary>
    public string? Ca { get; init; }

    /// <summary>The proxy's URL; null = none.</summary>
    public string? Proxy { get; init; }
}

/// <summary>Who else reads the semaphore in etcd, and so how it is written.</summary>
public enum EtcdLayout
{
    /// <summary>airlock's, in etcd's API v3.</summary>
    Airlock,

    /// <summary>locksmith's, in etcd's API v2.</summary>
    Locksmith,
}

/// <summary><c>[etcd]</c></summary>
public sealed record EtcdSettings
{
    /// <summary>The URLs of the members, at least one, without a slash at the end.</summary>
    public required ImmutableArray<string> Endpoints { get; init; }

    /// <summary>The version of etcd's API: 3, or 2.</summary>
    public int Api { get; init; } = 3;

    /// <summary>The shape of the semaphore. <see cref="EtcdLayout.Airlock"/> needs API 3, <see cref="EtcdLayout.Locksmith"/> API 2.</summary>
    public EtcdLayout Layout { get; init; } = EtcdLayout.Airlock;

    /// <summary>The group, which names the semaphore; null = locksmith's semaphore without a group.</summary>
    public string? Group { get; init; }

    /// <summary>How many may hold the lock at once, where this host is the first to make the semaphore.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>PEM file of the CAs that are trusted, absolute; null = those of the system.</summary>
    public string? Ca { get; init; }

    /// <summary>The host's certificate; null = none.</summary>
    public ClientCertificate.Files? Certificate { get; init; }

    /// <summary>The user of etcd; null = none.</summary>
    public Login? Login { get; init; }
}

/// <summary><c>[fleetlock]</c></summary>
public sealed record FleetLockSettings
{
    /// <summary>The base URL, without a slash at the end.</summary>
    public required string Url { get; init; }

    /// <summary>The group, which is the lock.</summary>
    public string Group { get; init; } = "default";

    /// <summary>This host's id; null = the app-specific machine id.</summary>
    public string? Id { get; init; }

    /// <summary>PEM file of the CAs that are trusted, absolute; null = those of the system.</summary>
    public string? Ca { get; init; }

    /// <summary>The proxy's URL; null = none.</summary>
    public string? Proxy { get; init; }
}
