namespace DlmUpdater.Hosts.Harness;

/// <summary>Hosts with the package on them.</summary>
internal static class Installed
{
    /// <summary>Where an admin has put the package.</summary>
    internal const string Package = "/root/dlm-updater.deb";

    private static readonly Lazy<string> Layer = new(Make);

    /// <summary>A host on which the package has been installed by apt, as an image would have it.</summary>
    internal static Host Host(string name, params string[] options) => new(name, options) { Lower = Layer.Value };

    /// <summary>Installs the package as an admin does.</summary>
    internal static Ended Install(Host host, string package = Package) =>
        host.Run($"DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {package} </dev/null");

    /// <summary>Boots a host once, installs, and keeps what was written as a layer for others. An image has no machine id yet.</summary>
    private static string Make()
    {
        string layer = Ground.Directory + "/installed";
        if (Directory.Exists(layer)) Directory.Delete(layer, recursive: true);
        using var host = new Host("image");
        host.Copy(Ground.Package, Package).Boot();
        Install(host).Expect(0);
        host.Run("rm -rf /var/log/journal /var/log/apt; : > /etc/machine-id; sync");
        host.PowerCut();
        host.KeepDiskAs(layer);
        return layer;
    }
}
