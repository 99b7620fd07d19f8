namespace DlmUpdater.Hosts.Harness;

/// <summary>Puts the program on a host.</summary>
internal static class Installed
{
    /// <summary>All that <c>make install</c> puts on a host.</summary>
    internal static Host On(Host host)
    {
        foreach (string made in Directory.EnumerateDirectories(Ground.Tree, "*", SearchOption.AllDirectories)) host.MakeDirectory(made[Ground.Tree.Length..]);
        foreach (string file in Directory.EnumerateFiles(Ground.Tree, "*", SearchOption.AllDirectories))
        {
            string path = file[Ground.Tree.Length..];
            if (new FileInfo(file).LinkTarget is { } target) host.Link(path, target);
            else host.Copy(file, path);
        }

        return host;
    }
}
