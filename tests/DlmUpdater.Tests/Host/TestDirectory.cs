using System.Diagnostics;

namespace DlmUpdater.Tests.Host;

/// <summary>A directory of its own for one test, removed with everything in it and under it.</summary>
internal sealed class TestDirectory : IDisposable
{
    private readonly List<string> mounts = [];

    public TestDirectory() => Directory.CreateDirectory(Root);

    public string Root { get; } = "/var/lib/dlm-updater-test-" + Guid.NewGuid().ToString("N");

    public string At(string name) => Path.Combine(Root, name);

    /// <summary>A file system of that size, mounted for this test.</summary>
    public string MountTmpfs(string name, string size)
    {
        string path = Directory.CreateDirectory(At(name)).FullName;
        Run("mount", "-t", "tmpfs", "-o", "size=" + size, "none", path);
        mounts.Add(path);
        return path;
    }

    public static void Run(string command, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', arguments)} failed: {error}");
    }

    /// <summary>Writes until the file system holds no further byte.</summary>
    public static void Fill(string path)
    {
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1);
        byte[] chunk = new byte[512];
        try
        {
            while (file.Length < 64 << 20)
                file.Write(chunk);
        }
        catch (IOException)
        {
            return;
        }
        Assert.Fail("the file system does not fill up");
    }

    public void Dispose()
    {
        foreach (string mount in mounts)
            Run("umount", "-l", mount);
        Directory.Delete(Root, recursive: true);
    }
}
