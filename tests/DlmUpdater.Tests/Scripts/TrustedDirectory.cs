using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

/// <summary>A directory that only root can change, with the main stages in it; gone after the test.</summary>
public sealed class TrustedDirectory : IDisposable
{
    public TrustedDirectory()
    {
        Directory.CreateDirectory(Root);
        foreach (ScriptStage stage in ScriptStages.All.Where(s => !s.IsOptional()))
            Directory.CreateDirectory($"{Root}/{stage.DirectoryName()}");
        Directory.CreateDirectory(Root + "/run");
        Directory.CreateDirectory(Root + "/state");
    }

    public string Root { get; } = "/var/lib/dlm-updater-test-" + Guid.NewGuid().ToString("N");

    public string Stage(ScriptStage stage) => $"{Root}/{stage.DirectoryName()}";

    public string Write(string path, string content, UnixFileMode mode = (UnixFileMode)0b111_101_101)
    {
        string full = path.StartsWith('/') ? path : $"{Root}/{path}";
        File.WriteAllText(full, content);
        SetMode(full, mode);
        return full;
    }

    public string Shell(string path, string body) => Write(path, "#!/bin/sh\n" + body + "\n");

    public static void SetMode(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(path, mode);
    }

    internal ScriptSettings Settings => new() { Directories = ScriptSettings.UnderDirectory(Root) };

    internal PathSettings Paths => new() { RunDirectory = Root + "/run", StateDirectory = Root + "/state", StateFile = Root + "/state/state" };

    internal HostScripts Scripts(ScriptListener? listener = null, ScriptSettings? settings = null, RunnerLimits? limits = null, OutlivedLimits? outlived = null) =>
        new(settings ?? Settings, Paths, Boot, TimeProvider.System, listener ?? new(), limits, outlived);

    public static BootIdentity Boot { get; } = new("this-boot", 1);

    public static ScriptContext Context { get; } = new(Phase.PreUpdate, "run-" + Guid.NewGuid().ToString("N"), 3, "file", "web", []);

    public void Dispose() => Directory.Delete(Root, true);
}
