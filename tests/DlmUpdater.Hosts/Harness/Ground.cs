namespace DlmUpdater.Hosts.Harness;

/// <summary>What the hosts stand on: <c>make test-hosts</c> makes it and names it in the environment.</summary>
internal static class Ground
{
    /// <summary>A Debian root with systemd, which no host changes.</summary>
    internal static string Root { get; } = Named("DLM_UPDATER_HOST_ROOT", "a root made by mmdebstrap");

    /// <summary>The package for this machine's processor.</summary>
    internal static string Package { get; } = Named("DLM_UPDATER_DEB", "the package of make deb");

    /// <summary>The package of the release that hosts come from.</summary>
    internal static string OldPackage => Named("DLM_UPDATER_OLD_DEB", "the package of the earlier release");

    /// <summary>The same as an RPM.</summary>
    internal static string Rpm { get; } = Named("DLM_UPDATER_RPM", "the package of make rpm");

    /// <summary>Where the hosts have their disks.</summary>
    internal static string Directory { get; } = System.IO.Path.GetDirectoryName(Root)!;

    private static string Named(string variable, string what) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path && System.IO.Path.Exists(path)
        ? System.IO.Path.GetFullPath(path)
        : throw new InvalidOperationException($"{variable} does not name {what}: run the tests by 'make test-hosts'");
}
