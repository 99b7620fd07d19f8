using System.Runtime.InteropServices;

namespace DlmUpdater.Tests.Scripts;

/// <summary>What the tests need of the kernel and the program does not.</summary>
internal static partial class Owned
{
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, uint owner, uint group);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mkfifo(string path, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string? data);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount(string target);

    public static void Give(string path, uint uid) => Assert.Equal(0, lchown(path, uid, uid));

    public static void Fifo(string path) => Assert.Equal(0, mkfifo(path, 0b111_101_101));

    public static void MountNoExec(string target) => Assert.Equal(0, mount("none", target, "tmpfs", 8, null));

    public static void Unmount(string target) => Assert.Equal(0, umount(target));
}
